package store

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store/find"
)

// maxExamined is how many documents one query may look into if it does not say.
const maxExamined = 200_000

// A stream reads the rows of one resource type that match, in order.
type stream struct {
	tx    *Tx
	q     *Query
	rt    *schema.ResourceType
	expr  filter.Expr // nil: no filter
	match find.Cond
	order find.Order
	// objects asks for the documents to be decoded.
	objects  bool
	examined *int // shared by the streams of a query

	needle  []byte // see find.Needle
	low     []byte
	parts   []find.Part // still to be read, the first in progress
	pos     *find.Position
	begun   bool // it reads from the first row on
	buf     []*found
	matched int // rows that have gone through buf
	chunk   int // rows to read at a time
	room    int // bytes of documents in the last chunk
}

// A found is a row that matches.
type found struct {
	res *Resource
	pos find.Position
	obj schema.Object // if the stream decodes documents
}

// seek starts the stream after a position, or at the first row.
func (s *stream) seek(pos *find.Position) {
	s.parts = s.order.Parts()
	s.pos, s.begun, s.buf, s.matched = pos, pos == nil, nil, 0
	if pos == nil {
		return
	}
	want := find.Part(pos.Absent)
	for len(s.parts) > 1 && s.parts[0] != want {
		s.parts = s.parts[1:]
	}
	if s.parts[0] == want {
		return
	}
	// No row of this type is in that part: all of them come before or after.
	if bool(want) == s.order.Desc {
		s.pos = nil
	} else {
		s.parts = nil
	}
}

// peek returns the next row without taking it, nil at the end.
func (s *stream) peek(ctx context.Context) (*found, error) {
	for len(s.buf) == 0 && len(s.parts) > 0 {
		if err := s.fill(ctx); err != nil {
			return nil, err
		}
	}
	if len(s.buf) == 0 {
		return nil, nil
	}
	return s.buf[0], nil
}

func (s *stream) take() { s.buf = s.buf[1:] }

// exact reports whether every row that the database yields matches.
func (s *stream) exact() bool { return s.match.Exact }

// fill reads rows until some match or the part has ended.
func (s *stream) fill(ctx context.Context) error {
	if s.match.None {
		s.parts = nil
		return nil
	}
	n := s.chunk
	if !s.exact() || s.objects {
		n = max(n, 64)
		if s.room < maxRoom/8 {
			s.chunk = min(4*n, 2048)
		}
	}
	rows, err := s.read(ctx, n)
	if err != nil {
		return err
	}
	if len(rows) > 0 {
		s.pos = &rows[len(rows)-1].pos
	}
	if len(rows) < n {
		s.parts = s.parts[1:]
		if len(s.parts) > 0 {
			s.pos = nil
		}
	}
	if rows, err = s.recheck(ctx, rows); err != nil {
		return err
	}
	s.buf = append(s.buf, rows...)
	s.matched += len(rows)
	return nil
}

// conditions returns what follows WHERE, without a position.
func (s *stream) conditions() (string, []any) {
	sql := "r.org_id = $1 AND r.type = $2"
	if s.match.SQL != "" {
		sql += " AND " + s.match.Numbered(3)
	}
	return sql, append([]any{s.q.Org, s.rt.Name}, s.match.Args...)
}

// read reads up to n rows of the current part.
func (s *stream) read(ctx context.Context, n int) ([]*found, error) {
	p := s.parts[0]
	sql, args := s.conditions()
	add := func(c find.Cond) {
		if !c.All {
			sql += " AND " + c.Numbered(len(args)+1)
			args = append(args, c.Args...)
		}
	}
	add(s.order.Only(p))
	if s.pos != nil {
		add(s.order.After(p, *s.pos))
	}
	args = append(args, n)
	limit := " ORDER BY " + s.order.By(p) + " LIMIT " + params(len(args), 1)
	q := Statement{Args: args, Fresh: !s.match.All && !s.match.Sharp}
	if s.match.All || s.match.Sharp {
		q.SQL = "SELECT " + s.columns() + " FROM resource r WHERE " + sql + limit
	} else {
		// Keys first, documents after: what the database sorts is narrow. SQLite
		// takes the tables of a CROSS JOIN in the order in which they stand.
		q.SQL = "SELECT " + s.columns() + " FROM (SELECT r.id FROM resource r WHERE " + sql + limit +
			") k CROSS JOIN resource r WHERE r.org_id = $1 AND r.type = $2 AND r.id = k.id"
	}
	var rows []*found
	s.room = 0
	err := s.tx.eachOf(ctx, func(r Rows) error {
		f := s.scan(r, p)
		if f.res != nil {
			s.room += len(f.res.Doc)
		}
		rows = append(rows, f)
		return tooWide(len(rows), s.room)
	}, q)
	slices.SortFunc(rows, func(a, b *found) int {
		if s.order.Desc {
			a, b = b, a
		}
		return a.pos.Compare(b.pos)
	})
	return rows, err
}

// maxRoom is how many bytes of documents are read at once.
const maxRoom = 64 << 20

// tooWide is TooCostly when so many documents are too much for the memory.
func tooWide(documents, room int) error {
	if documents < 2 || room <= maxRoom {
		return nil
	}
	return identity.NewError(identity.TooCostly, "", "The resources are too large for one answer; ask for fewer at a time.")
}

// columns are readColumns, grouped, and the key of the order.
func (s *stream) columns() string {
	var b strings.Builder
	b.WriteString(readColumns)
	if s.q.Grouped {
		b.WriteString(", " + grouped)
	} else {
		b.WriteString(", 0")
	}
	if s.order.Column != "" {
		b.WriteString(", " + s.order.Column)
	}
	return b.String()
}

// docColumn is the place of doc in readColumns.
const docColumn = 6

// scan reads a row. One that cannot match has only a position.
func (s *stream) scan(r Rows, p find.Part) *found {
	if s.needle != nil && !find.MayHold(r.Bytes(docColumn), s.needle, &s.low) {
		return &found{pos: s.position(r, p)}
	}
	return &found{res: scanResource(scan(r), s.q.Org), pos: s.position(r, p)}
}

// position reads the place of a row from the columns of columns.
func (s *stream) position(r Rows, p find.Part) find.Position {
	pos := find.Position{Absent: bool(p)}
	copy(pos.ID[:], r.Bytes(1))
	const key = docColumn + 2
	switch {
	case s.order.Column == "" || p == find.AbsentPart:
	case s.order.Instant:
		pos.Key = find.Key8(r.Int(key))
	default:
		pos.Key = bytes.Clone(r.Bytes(key))
	}
	return pos
}

// skip moves past n rows from where the stream stands, inside the database, and
// returns the position of the last one, nil if there are not so many.
func (s *stream) skip(ctx context.Context, n int) (*find.Position, error) {
	if s.match.None {
		return nil, nil
	}
	for i, p := range s.parts {
		sql, args := s.conditions()
		add := s.order.Only(p)
		if i == 0 && s.pos != nil {
			add = find.And(add, s.order.After(p, *s.pos))
		}
		if !add.All {
			sql += " AND " + add.Numbered(len(args)+1)
			args = append(args, add.Args...)
		}
		if i < len(s.parts)-1 {
			count, err := s.tx.number(ctx, Statement{
				SQL: "SELECT COUNT(*) FROM resource r WHERE " + sql, Args: args, Fresh: true,
			})
			if err != nil {
				return nil, err
			}
			if int(count) < n {
				n -= int(count)
				continue
			}
		}
		return s.skipIn(ctx, p, n, sql, args)
	}
	return nil, nil
}

func (s *stream) skipIn(ctx context.Context, p find.Part, n int, sql string, args []any) (*find.Position, error) {
	columns := "r.id"
	if s.order.Column != "" && p == find.PresentPart {
		columns += ", " + s.order.Column
	}
	args = append(args, n-1)
	var pos *find.Position
	err := s.tx.eachOf(ctx, func(r Rows) error {
		sc := scan(r)
		pos = &find.Position{Absent: bool(p), ID: sc.id()}
		switch {
		case s.order.Column == "" || p == find.AbsentPart:
		case s.order.Instant:
			pos.Key = find.Key8(sc.int())
		default:
			pos.Key = sc.bytes()
		}
		return nil
	}, Statement{
		SQL: "SELECT " + columns + " FROM resource r WHERE " + sql + " ORDER BY " + s.order.By(p) +
			" LIMIT 1 OFFSET " + params(len(args), 1),
		Args: args, Fresh: true,
	})
	return pos, err
}

// total counts all rows of the type that match.
func (s *stream) total(ctx context.Context) (int, error) {
	switch {
	case s.match.None:
		return 0, nil
	case s.match.All && s.exact():
		n, err := s.tx.number(ctx, Statement{SQL: sumTally, Args: []any{s.q.Org, s.rt.Name}})
		return int(n), err
	case s.exact():
		sql, args := s.conditions()
		n, err := s.tx.number(ctx, Statement{SQL: "SELECT COUNT(*) FROM resource r WHERE " + sql, Args: args, Fresh: true})
		return int(n), err
	}
	if !s.begun {
		s.seek(nil)
	}
	for len(s.parts) > 0 {
		s.buf = nil
		if err := s.fill(ctx); err != nil {
			return 0, err
		}
	}
	return s.matched, nil
}

// number runs a query of one number.
func (tx *Tx) number(ctx context.Context, q Statement) (n int64, err error) {
	err = tx.eachOf(ctx, func(r Rows) error {
		n = r.Int(0)
		return nil
	}, q)
	return n, err
}

// recheck keeps the rows that match, where the database could not tell.
func (s *stream) recheck(ctx context.Context, rows []*found) ([]*found, error) {
	if s.exact() && !s.objects {
		return rows, nil
	}
	if *s.examined += len(rows); *s.examined > cmp.Or(s.q.Examine, maxExamined) {
		return nil, identity.NewError(identity.TooCostly, "",
			"The answer would need too many resources to be looked at. Filter or sort by an indexed attribute.")
	}
	rows = slices.DeleteFunc(rows, func(f *found) bool { return f.res == nil }) // see scan
	size := max(len(rows), 1)
	if s.expr != nil && len(filter.Rows(s.expr)) > 0 {
		size = 64 // memberships take much room
	}
	kept := rows[:0]
	for part := range slices.Chunk(rows, size) {
		c := checker{stream: s, rows: part}
		part, err := c.run(ctx)
		if err != nil {
			return nil, err
		}
		kept = append(kept, part...)
	}
	return kept, nil
}
