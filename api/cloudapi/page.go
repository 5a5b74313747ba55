package cloudapi

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/muster-id/muster/api/vmware/entry"
	"github.com/muster-id/muster/api/vmware/people"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
)

// Limits of a page.
const (
	defaultPageSize = 25
	maxPageSize     = 128
	maxPageNumber   = 1 << 20
	maxSortName     = 100
)

// An ask is what a request wants of a list.
type ask struct {
	page, size int
	filter     *filter
	text       string // of the filter
	sort       string // name to sort by, "" for the usual one
	desc       bool
	asc        string // as they came, for the links
	descending string
}

// readAsk reads page, pageSize, filter, sortAsc and sortDesc.
func readAsk(r *http.Request) (a ask, err error) {
	query, err := readQuery(r.URL.RawQuery)
	if err != nil {
		return a, err
	}
	if a.page, err = number(query, "page", 1, 1, maxPageNumber); err != nil {
		return a, err
	}
	if a.size, err = number(query, "pageSize", defaultPageSize, 0, maxPageSize); err != nil {
		return a, err
	}
	a.text = query.Get("filter")
	if a.filter, err = parseFilter(a.text); err != nil {
		return a, err
	}
	a.asc, a.descending = query.Get("sortAsc"), query.Get("sortDesc")
	if a.asc != "" && a.descending != "" {
		return a, identity.NewError(identity.Invalid, "sortDesc", "A list is sorted upwards or downwards, not both.")
	}
	if a.sort = a.asc; a.descending != "" {
		a.sort, a.desc = a.descending, true
	}
	if len(a.sort) > maxSortName {
		return a, identity.NewError(identity.Invalid, "sortAsc", "There is no sorting by such a name.")
	}
	return a, nil
}

// readQuery takes a query apart at & alone: a semicolon stands in filters, and
// clients send it as it is.
func readQuery(raw string) (url.Values, error) {
	out := url.Values{}
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		k, v, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(k)
		value, bad := url.QueryUnescape(v)
		if err != nil || bad != nil || !utf8.ValidString(name+value) || strings.ContainsRune(name+value, 0) {
			return nil, identity.NewError(identity.Invalid, "", "The query is not well formed.")
		}
		if out.Has(name) {
			return nil, identity.NewError(identity.Invalid, "", "A parameter of the query stands more than once.")
		}
		out.Set(name, value)
	}
	return out, nil
}

func number(query url.Values, name string, usual, least, most int) (int, error) {
	text := query.Get(name)
	if text == "" {
		return usual, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, identity.NewError(identity.Invalid, name, name+" is a number from "+strconv.Itoa(least)+" to "+strconv.Itoa(most)+".")
	}
	return n, nil
}

// An envelope holds one page of a list.
type envelope struct {
	Total        int   `json:"resultTotal"`
	Pages        int   `json:"pageCount"`
	Page         int   `json:"page"`
	Size         int   `json:"pageSize"`
	Associations []any `json:"associations"`
	Values       any   `json:"values"`
}

// sendPage answers with one page of total things and the links to others. add
// says that the caller may make one.
func (d *Door) sendPage(c *call, a ask, model string, values any, total int, add bool) error {
	e := envelope{Total: total, Page: a.page, Size: a.size, Values: values}
	if a.size > 0 {
		e.Pages = (total + a.size - 1) / a.size
	}
	page := func(n int) string {
		v := "page=" + strconv.Itoa(n) + "&pageSize=" + strconv.Itoa(a.size)
		if a.text != "" {
			v += "&filter=" + url.QueryEscape(a.text)
		}
		return d.o.Public + c.r.URL.EscapedPath() + "?" + v + "&sortAsc=" + url.QueryEscape(a.asc) + "&sortDesc=" + url.QueryEscape(a.descending)
	}
	if a.page > 1 && e.Pages > 0 {
		c.link(page(1), "firstPage", model)
		c.link(page(min(a.page-1, e.Pages)), "previousPage", model)
	}
	if a.page < e.Pages {
		c.link(page(a.page+1), "nextPage", model)
		c.link(page(e.Pages), "lastPage", model)
	}
	self := d.o.Public + c.r.URL.EscapedPath()
	if add {
		c.link(self, "add", strings.TrimSuffix(model, "s"))
	}
	c.link(self[:strings.LastIndexByte(self, '/')], "up", "")
	web.JSON(c.w, http.StatusOK, e)
	return nil
}

// link adds one line Link to the answer.
func (c *call) link(to, rel, model string) {
	line := "<" + to + `>;rel="` + rel + `";type="application/json"`
	if model != "" {
		line += `;model="` + model + `"`
	}
	c.w.Header().Add("Link", line)
}

// directoryQuery is the page of an ask as the directory is asked for it; and is a
// condition of its own, "" for none.
func (a ask) directoryQuery(t fields, usual, and string) (people.Query, error) {
	q := people.Query{Start: (a.page-1)*a.size + 1, Count: a.size, Desc: a.desc}
	text, err := t.toSCIM(a.filter)
	if err != nil {
		return q, err
	}
	switch {
	case text != "" && and != "":
		text = "(" + and + ") and (" + text + ")"
	case text == "":
		text = and
	}
	q.Filter = text
	f, err := t.sortField(cmp.Or(a.sort, usual))
	if err == nil && f.path == "" {
		err = identity.NewError(identity.Invalid, "sortAsc", "There is no sorting by "+strconv.Quote(a.sort)+".")
	}
	q.Sort = f.path
	return q, err
}

// cut filters and sorts things that are all at hand, and returns those of the
// page and how many there are.
func cut[T any](a ask, t fields, usual string, all []T) ([]T, int, error) {
	type row struct {
		thing T
		key   string
	}
	by := cmp.Or(a.sort, usual)
	if _, err := t.sortField(by); err != nil {
		return nil, 0, err
	}
	if a.filter != nil { // an empty list knows its names too
		if _, err := (view{}).meets(t, a.filter); err != nil {
			return nil, 0, err
		}
	}
	var rows []row
	for _, thing := range all {
		v := viewOf(thing)
		ok, err := v.meets(t, a.filter)
		if err != nil {
			return nil, 0, err
		}
		if ok {
			rows = append(rows, row{thing, strings.ToLower(v.text(by))})
		}
	}
	slices.SortStableFunc(rows, func(x, y row) int {
		if a.desc {
			x, y = y, x
		}
		return cmp.Compare(x.key, y.key)
	})
	from := min((a.page-1)*a.size, len(rows))
	out := make([]T, 0, a.size)
	for _, r := range rows[from:min(from+a.size, len(rows))] {
		out = append(out, r.thing)
	}
	return out, len(rows), nil
}

// A listing is an ask for things of a kind: their model, what they are found and
// usually sorted by, and whether the caller may make one.
type listing struct {
	ask
	model  string
	fields fields
	usual  string
	add    bool
}

// sendAll answers with the page of things that are all at hand.
func sendAll[T any](d *Door, c *call, l listing, all []T) error {
	page, total, err := cut(l.ask, l.fields, l.usual, all)
	if err != nil {
		return err
	}
	return d.sendPage(c, l.ask, l.model, page, total, l.add)
}

// readBody decodes the object that a client sent. Members that we do not know
// are left aside: clients send back what other versions told them.
func (c *call) readBody(v any) error {
	text, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, entry.MaxBody))
	if err != nil {
		return identity.NewError(identity.Invalid, "", "The body is too large or was cut off.")
	}
	if !utf8.Valid(text) || json.Unmarshal(text, v) != nil {
		return identity.NewError(identity.Invalid, "", "The body is not the JSON that is expected here.")
	}
	return nil
}

// created answers that a thing is there now.
func (d *Door) created(c *call, id string, v any) error {
	at := d.o.Public + strings.TrimSuffix(c.r.URL.EscapedPath(), "/") + "/" + id
	c.w.Header().Set("Location", at)
	c.w.Header().Set("Content-Location", at)
	web.JSON(c.w, http.StatusCreated, v)
	return nil
}

func (c *call) ok(v any) error {
	web.JSON(c.w, http.StatusOK, v)
	return nil
}

func (c *call) nothing() error {
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}
