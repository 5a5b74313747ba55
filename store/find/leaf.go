package find

import (
	"fmt"
	"strings"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
)

const tokenOwners = "SELECT a.id FROM attr_token a WHERE a.org_id = $1 AND a.h = ?"

// few is the condition that a query, which yields few ids, yields the
// resource's.
func (c *Compiler) few(sql string, args ...any) Cond {
	x := Where(fmt.Sprintf(c.Few, sql), args...)
	x.Sharp = true
	return x
}

// token answers eq on an indexed attribute.
func (c *Compiler) token(e *filter.Compare) Cond {
	token, _ := indexed(e.Ref)
	if !token || e.Op != filter.Eq && e.Op != filter.Ne {
		return Unsure
	}
	key, ok := tokenKey(filter.Leaf(e.Ref), e.Value)
	if !ok {
		return Unsure
	}
	x := Where("r.id IN ("+tokenOwners+")", Hash(c.Seed, c.Type.Name, e.Ref.Path(), key))
	if e.Op == filter.Eq {
		return x
	}
	if e.Ref.Attr.MultiValued || e.Ref.Sub != nil && e.Ref.Sub.MultiValued {
		return Unsure // true if another value is there as well
	}
	return not(x)
}

// email compares any of a resource's e-mails. Most have one, in email_key;
// emails holds all of them if there are several.
func (c *Compiler) email(e *filter.Compare) Cond {
	const first, all = "r.email_key", "r.emails"
	some := Where("(" + first + " IS NOT NULL OR " + all + " IS NOT NULL)")
	key := e.Key
	switch e.Op {
	case filter.Pr:
		return some
	case filter.Eq: // only the others have tokens
		if strings.Contains(key, "\x00") {
			return NoRows
		}
		return c.few("SELECT e.id FROM resource e WHERE e.org_id = $1 AND e.type = $2 AND e.email_key = ?"+
			" UNION ALL "+tokenOwners, key, Hash(c.Seed, c.Type.Name, e.Ref.Path(), key))
	}
	if strings.ContainsAny(key, "\x00\x01\n") { // see indexer.emails
		return Unsure
	}
	switch e.Op {
	case filter.Ne: // another value, or none
		single := not(And(order(first, filter.Eq, key), Where(all+" IS NULL")))
		return And(single, not(order(all, filter.Eq, "\n"+key+"\n")))
	case filter.Co, filter.Sw, filter.Ew:
		if key == "" {
			return some
		}
		return c.emailPart(e.Op, key)
	}
	x := or(order(first, e.Op, key), Where(all+" IS NOT NULL"))
	x.Exact = false
	return x
}

func (c *Compiler) emailPart(op filter.Op, key string) Cond {
	const first, all = "r.email_key", "r.emails"
	near := c.trigram(key)
	switch op {
	case filter.Sw:
		return And(near, or(starts(first, key), c.contains(all, "\n"+key)))
	case filter.Ew:
		return And(near, or(ends(first, key), c.contains(all, key+"\n")))
	}
	return And(near, or(c.contains(first, key), c.contains(all, key)))
}

func (c *Compiler) active(e *filter.Compare) Cond {
	const column = "r.active"
	if e.Op == filter.Pr {
		return order(column, filter.Ne, int64(Absent))
	}
	want, ok := e.Value.(bool)
	if !ok {
		return Unsure
	}
	switch e.Op {
	case filter.Eq, filter.Ne: // absent is not equal
		return order(column, e.Op, int64(flag(want)))
	}
	return Unsure
}

func (c *Compiler) id(e *filter.Compare) Cond {
	switch e.Op {
	case filter.Pr:
		return AllRows
	case filter.Eq, filter.Ne:
		id, ok := identity.ParseID(e.Key)
		if !ok || schema.Key(e.Ref.Attr, id.String()) != e.Key {
			return constant(e.Op == filter.Ne)
		}
		x := order("r.id", e.Op, id)
		x.Sharp = e.Op == filter.Eq
		return x
	}
	return Unsure
}

// external answers for the provisioning domain of the query.
func (c *Compiler) external(e *filter.Compare) Cond {
	id, _ := e.Value.(string)
	x := c.few(tokenOwners, externalToken(c.Seed, c.Type, c.Domain, id))
	switch e.Op {
	case filter.Eq:
		return x
	case filter.Ne:
		return not(x)
	}
	return Cond{SQL: "r.external IS NOT NULL"}
}

func (c *Compiler) schemas(e *filter.Compare) Cond {
	urn, _ := e.Value.(string)
	switch {
	case e.Op == filter.Pr:
		return AllRows
	case e.Op != filter.Eq:
		return Unsure
	case urn == c.Type.Schema.ID:
		return AllRows
	}
	for _, x := range c.Type.Extensions {
		if x.Schema.ID == urn {
			return Unsure // it depends on the document
		}
	}
	return NoRows
}

func (c *Compiler) meta(e *filter.Compare) Cond {
	switch e.Ref.Sub.Name {
	case "created":
		return c.instant("r.created", e)
	case "lastModified":
		return c.instant("r.modified", e)
	case "resourceType", "location":
		// One is the same for all, the other nobody here knows.
		return constant(filter.Match(e, schema.Object{"meta": schema.Object{"resourceType": c.Type.Name}}))
	}
	return Unsure
}

// instant compares a column of milliseconds with a literal that may be finer.
func (c *Compiler) instant(column string, e *filter.Compare) Cond {
	if e.Op == filter.Pr {
		return AllRows
	}
	t, ok := e.Value.(time.Time)
	if !ok {
		return Unsure
	}
	op, between := e.Op, t.Nanosecond()%int(time.Millisecond) != 0
	if between {
		switch op {
		case filter.Eq, filter.Ne:
			return constant(op == filter.Ne)
		case filter.Ge:
			op = filter.Gt
		case filter.Lt:
			op = filter.Le
		}
	}
	return order(column, op, t.UnixMilli())
}

// rows compares members of a group or groups of a member.
func (c *Compiler) rows(ref schema.Ref, e *filter.Compare) Cond {
	some := Where("EXISTS (SELECT 1 FROM member m WHERE m.org_id = $1 AND m.group_id = r.id)")
	if ref.Attr.Name != "members" {
		some = Where("EXISTS (SELECT 1 FROM member m WHERE m.org_id = $1 AND m.member_id = r.id)")
	}
	some.Exact = e.Op == filter.Pr && (ref.Sub == nil || ref.Sub.Name == "value")
	if e.Op == filter.Ne {
		return Unsure
	}
	if e.Op != filter.Eq || ref.Sub == nil || ref.Sub.Name != "value" {
		return some
	}
	id, ok := identity.ParseID(e.Key)
	if !ok || schema.Key(ref.Sub, id.String()) != e.Key {
		return NoRows
	}
	if ref.Attr.Name == "members" {
		return c.few("SELECT m.group_id FROM member m WHERE m.org_id = $1 AND m.member_id = ?", id)
	}
	groups, err := c.Below(id)
	if err != nil {
		c.err = err
		return NoRows
	}
	if len(groups) > MaxArgs/2 {
		return some
	}
	n := 1
	for n < len(groups) { // so that few different statements arise
		n *= 4
	}
	args := make([]any, n)
	for i := range args {
		args[i] = groups[min(i, len(groups)-1)]
	}
	large, err := c.Large(groups)
	if err != nil {
		c.err = err
	}
	in := "m.group_id IN (" + Marks(len(args)) + ")"
	if large { // ask of each row in turn: a page is full soon
		return Where("EXISTS (SELECT 1 FROM member m WHERE m.org_id = $1 AND m.member_id = r.id AND "+in+")", args...)
	}
	return Where("r.id IN (SELECT m.member_id FROM member m WHERE m.org_id = $1 AND "+in+")", args...)
}
