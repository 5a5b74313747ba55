package vmware

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/muster-id/muster/identity"
)

// Pages have 20 results unless the caller asks for up to 128.
const (
	defaultPage = 20
	maxPage     = 128
	maxSearch   = 20 // results of a search
	maxTerm     = 256
)

// A page is which results are asked for, from the 1-based start.
type page struct {
	start, limit int
}

func pageOf(r *http.Request) (page, error) {
	p := page{1, defaultPage}
	query := r.URL.Query()
	for name, n := range map[string]*int{"pageStart": &p.start, "pageLimit": &p.limit} {
		text := query.Get(name)
		if text == "" {
			continue
		}
		v, err := strconv.ParseInt(text, 10, 32)
		if err != nil || v < 1 || name == "pageLimit" && v > maxPage {
			return p, identity.NewError(identity.Invalid, name, "pageStart is a number from 1, pageLimit one from 1 to 128.")
		}
		*n = int(v)
	}
	return p, nil
}

// part is the part of a whole list that is asked for.
func part[T any](p page, list []T) []T {
	from := min(p.start-1, len(list))
	return list[from:min(from+p.limit, len(list))]
}

// A paged is one page of results.
type paged[T any] struct {
	Results []T     `json:"results"`
	Next    *string `json:"nextLink"`
	Prev    *string `json:"prevLink"`
	Total   int     `json:"totalResults"`
}

func pagedOf[T any](r *http.Request, p page, list []T, total int) paged[T] {
	out := paged[T]{Results: list, Total: total}
	if list == nil {
		out.Results = []T{}
	}
	if p.start-1+len(list) < total && len(list) > 0 {
		out.Next = link(r.URL, p.start+p.limit, p.limit)
	}
	if p.start > 1 {
		out.Prev = link(r.URL, max(1, p.start-p.limit), p.limit)
	}
	return out
}

// link is the address of another page of what a URL asks for.
func link(u *url.URL, start, limit int) *string {
	query := u.Query()
	query.Set("pageStart", strconv.Itoa(start))
	query.Set("pageLimit", strconv.Itoa(limit))
	text := u.EscapedPath() + "?" + query.Encode()
	return &text
}

// results is a list without pages.
type results[T any] struct {
	Results []T `json:"results"`
}

// flag reports whether a parameter is there; its value says nothing.
func flag(r *http.Request, name string) bool { return r.URL.Query().Has(name) }

// termOf cleans what is searched for; asterisks around it say nothing.
func termOf(text string) (string, error) {
	text = strings.TrimSpace(strings.Trim(strings.TrimSpace(text), "*"))
	if len(text) > maxTerm || !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return "", identity.NewError(identity.Invalid, "", "A search term is text of at most 256 bytes.")
	}
	return text, nil
}
