package store

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
func (c *compiler) few(sql string, args ...any) cond {
	x := where(fmt.Sprintf(c.db.dialect.Few, sql), args...)
	x.sharp = true
	return x
}

// token answers eq on an indexed attribute.
func (c *compiler) token(e *filter.Compare) cond {
	token, _ := indexed(e.Ref)
	if !token || e.Op != filter.Eq && e.Op != filter.Ne {
		return unsure
	}
	key, ok := tokenKey(filter.Leaf(e.Ref), e.Value)
	if !ok {
		return unsure
	}
	x := where("r.id IN ("+tokenOwners+")", hash(c.seed, c.rt.Name, e.Ref.Path(), key))
	if e.Op == filter.Eq {
		return x
	}
	if e.Ref.Attr.MultiValued || e.Ref.Sub != nil && e.Ref.Sub.MultiValued {
		return unsure // true if another value is there as well
	}
	return not(x)
}

// email compares any of a resource's e-mails. Most have one, in email_key;
// emails holds all of them if there are several.
func (c *compiler) email(e *filter.Compare) cond {
	const first, all = "r.email_key", "r.emails"
	some := where("(" + first + " IS NOT NULL OR " + all + " IS NOT NULL)")
	key := e.Key
	switch e.Op {
	case filter.Pr:
		return some
	case filter.Eq: // only the others have tokens
		if strings.Contains(key, "\x00") {
			return noRows
		}
		return c.few("SELECT e.id FROM resource e WHERE e.org_id = $1 AND e.type = $2 AND e.email_key = ?"+
			" UNION ALL "+tokenOwners, key, hash(c.seed, c.rt.Name, e.Ref.Path(), key))
	}
	if strings.ContainsAny(key, "\x00\x01\n") { // see indexer.emails
		return unsure
	}
	switch e.Op {
	case filter.Ne: // another value, or none
		single := not(and(order(first, filter.Eq, key), where(all+" IS NULL")))
		return and(single, not(order(all, filter.Eq, "\n"+key+"\n")))
	case filter.Co, filter.Sw, filter.Ew:
		if key == "" {
			return some
		}
		return c.emailPart(e.Op, key)
	}
	x := or(order(first, e.Op, key), where(all+" IS NOT NULL"))
	x.exact = false
	return x
}

func (c *compiler) emailPart(op filter.Op, key string) cond {
	const first, all = "r.email_key", "r.emails"
	near := c.trigram(key)
	switch op {
	case filter.Sw:
		return and(near, or(starts(first, key), c.contains(all, "\n"+key)))
	case filter.Ew:
		return and(near, or(ends(first, key), c.contains(all, key+"\n")))
	}
	return and(near, or(c.contains(first, key), c.contains(all, key)))
}

func (c *compiler) active(e *filter.Compare) cond {
	const column = "r.active"
	if e.Op == filter.Pr {
		return order(column, filter.Ne, int64(Absent))
	}
	want, ok := e.Value.(bool)
	if !ok {
		return unsure
	}
	switch e.Op {
	case filter.Eq, filter.Ne: // absent is not equal
		return order(column, e.Op, int64(flag(want)))
	}
	return unsure
}

func (c *compiler) id(e *filter.Compare) cond {
	switch e.Op {
	case filter.Pr:
		return allRows
	case filter.Eq, filter.Ne:
		id, ok := identity.ParseID(e.Key)
		if !ok || schema.Key(e.Ref.Attr, id.String()) != e.Key {
			return constant(e.Op == filter.Ne)
		}
		x := order("r.id", e.Op, id)
		x.sharp = e.Op == filter.Eq
		return x
	}
	return unsure
}

// external answers for the provisioning domain of the query.
func (c *compiler) external(e *filter.Compare) cond {
	id, _ := e.Value.(string)
	x := c.few(tokenOwners, externalToken(c.seed, c.rt, c.domain, id))
	switch e.Op {
	case filter.Eq:
		return x
	case filter.Ne:
		return not(x)
	}
	return cond{sql: "r.external IS NOT NULL"}
}

func (c *compiler) schemas(e *filter.Compare) cond {
	urn, _ := e.Value.(string)
	switch {
	case e.Op == filter.Pr:
		return allRows
	case e.Op != filter.Eq:
		return unsure
	case urn == c.rt.Schema.ID:
		return allRows
	}
	for _, x := range c.rt.Extensions {
		if x.Schema.ID == urn {
			return unsure // it depends on the document
		}
	}
	return noRows
}

func (c *compiler) meta(e *filter.Compare) cond {
	switch e.Ref.Sub.Name {
	case "created":
		return c.instant("r.created", e)
	case "lastModified":
		return c.instant("r.modified", e)
	case "resourceType", "location":
		// One is the same for all, the other nobody here knows.
		return constant(filter.Match(e, schema.Object{"meta": schema.Object{"resourceType": c.rt.Name}}))
	}
	return unsure
}

// instant compares a column of milliseconds with a literal that may be finer.
func (c *compiler) instant(column string, e *filter.Compare) cond {
	if e.Op == filter.Pr {
		return allRows
	}
	t, ok := e.Value.(time.Time)
	if !ok {
		return unsure
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
func (c *compiler) rows(ref schema.Ref, e *filter.Compare) cond {
	some := where("EXISTS (SELECT 1 FROM member m WHERE m.org_id = $1 AND m.group_id = r.id)")
	if ref.Attr.Name != "members" {
		some = where("EXISTS (SELECT 1 FROM member m WHERE m.org_id = $1 AND m.member_id = r.id)")
	}
	some.exact = e.Op == filter.Pr && (ref.Sub == nil || ref.Sub.Name == "value")
	if e.Op == filter.Ne {
		return unsure
	}
	if e.Op != filter.Eq || ref.Sub == nil || ref.Sub.Name != "value" {
		return some
	}
	id, ok := identity.ParseID(e.Key)
	if !ok || schema.Key(ref.Sub, id.String()) != e.Key {
		return noRows
	}
	if ref.Attr.Name == "members" {
		return c.few("SELECT m.group_id FROM member m WHERE m.org_id = $1 AND m.member_id = ?", id)
	}
	groups, err := c.below(id)
	if err != nil {
		c.err = err
		return noRows
	}
	if len(groups) > maxArgs/2 {
		return some
	}
	_, args := listParams(1, groups)
	large, err := c.large(groups)
	if err != nil {
		c.err = err
	}
	in := "m.group_id IN (" + marks(len(args)) + ")"
	if large { // ask of each row in turn: a page is full soon
		return where("EXISTS (SELECT 1 FROM member m WHERE m.org_id = $1 AND m.member_id = r.id AND "+in+")", args...)
	}
	return where("r.id IN (SELECT m.member_id FROM member m WHERE m.org_id = $1 AND "+in+")", args...)
}
