package store

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store/find"
)

const (
	insertResource = `
INSERT INTO resource (org_id, type, id, version, created, modified, name_key, display_key,
       email_key, emails, label, active, uniques, tokens, external, doc)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`
	replaceDoc = `
UPDATE resource
   SET version = $1, modified = $2, uniques = $3, tokens = $4, external = $5, doc = $6, label = $7, active = $8
 WHERE org_id = $9 AND type = $10 AND id = $11 AND version = $12`
	replaceKeys = `
UPDATE resource
   SET version = $1, modified = $2, uniques = $3, tokens = $4, external = $5, doc = $6, label = $7, active = $8,
       name_key = $13, display_key = $14, email_key = $15, emails = $16
 WHERE org_id = $9 AND type = $10 AND id = $11 AND version = $12`

	// readColumns are what callers see of a resource; scanResource reads them.
	readColumns = `r.type, r.id, r.version, r.created, r.modified, r.external, r.doc`
	grouped     = `EXISTS (SELECT 1 FROM member m WHERE m.org_id = r.org_id AND m.member_id = r.id)`
	keyColumns  = `r.name_key, r.display_key, r.email_key, r.emails, r.label, r.active, r.tokens, r.uniques`

	getResource = `
SELECT ` + readColumns + `, ` + grouped + `
  FROM resource r
 WHERE r.org_id = $1 AND r.type = $2 AND r.id = $3`
	getForWrite = `
SELECT ` + readColumns + `, ` + grouped + `, ` + keyColumns + `
  FROM resource r
 WHERE r.org_id = $1 AND r.type = $2 AND r.id = $3`

	// types finds the types of an organisation's resources by hopping through the
	// index from one to the next.
	types = `WITH RECURSIVE types (type) AS (
SELECT MIN(type) FROM resource WHERE org_id = $1
UNION ALL
SELECT (SELECT MIN(r.type) FROM resource r WHERE r.org_id = $1 AND r.type > types.type)
  FROM types
 WHERE types.type IS NOT NULL)
`
	locate = types + `
SELECT r.id, r.type
  FROM resource r
 WHERE r.org_id = $1 AND r.type IN (SELECT type FROM types) AND r.id IN (`
	getMany = types + `
SELECT ` + readColumns + `, ` + grouped + `
  FROM resource r
 WHERE r.org_id = $1 AND r.type IN (SELECT type FROM types) AND r.id IN (`

	addUnique     = `INSERT INTO unique_value (org_id, type, path, value, id) VALUES ($1, $2, $3, $4, $5)`
	findUnique    = `SELECT id FROM unique_value WHERE org_id = $1 AND type = $2 AND path = $3 AND value = $4`
	deleteUniques = `DELETE FROM unique_value WHERE org_id = $1 AND id = $2`
)

// What a resource is found by.
type (
	// Keys are the normalised columns of a resource.
	Keys = find.Keys
	// A Flag is a boolean that may be absent.
	Flag = find.Flag
	// A UniqueValue is a value that no other resource of the type may have.
	UniqueValue = find.UniqueValue
)

// The values of a Flag.
const (
	Absent = find.Absent
	False  = find.False
	True   = find.True
)

// A Resource is one stored resource of any type.
type Resource struct {
	Org      identity.OrgID
	Type     string
	ID       identity.ID
	Version  int64
	Created  time.Time
	Modified time.Time
	Doc      []byte // as schema.ResourceType.Encode writes it
	// External is a JSON object from provisioning domain to externalId, "" if
	// there is none.
	External string
	// Grouped reports whether a group has the resource as a direct member, so
	// that Groups need not be asked for when it is false. Get, GetMany and a
	// Query that asks for it fill it.
	Grouped bool

	// What follows is computed by DB.Index; of what is read, only Get inside
	// Update fills Keys and Tokens.
	Keys   Keys
	Tokens []int64
	Unique []UniqueValue

	uniques int64 // how many unique values are stored
	lock    *Tx   // the transaction that keeps other writers off
}

// externals returns the externalIds of r by domain.
func (r *Resource) externals() map[string]string {
	if r.External == "" {
		return nil
	}
	var m map[string]string
	if json.Unmarshal([]byte(r.External), &m) != nil {
		return nil
	}
	return m
}

// ExternalID returns the externalId of r in a provisioning domain, "" if none.
func (r *Resource) ExternalID(domain string) string {
	// Nearly always there is one, and reading it needs no decoding.
	if one, ok := strings.CutPrefix(r.External, `{"`+domain+`":"`); ok && !strings.ContainsAny(domain, `"\`) {
		if id, ok := strings.CutSuffix(one, `"}`); ok && !strings.ContainsAny(id, `"\`) {
			return id
		}
	}
	return r.externals()[domain]
}

// SetExternalID changes the externalId of r in a provisioning domain; "" removes
// it.
func (r *Resource) SetExternalID(domain, id string) {
	m := r.externals()
	if m[domain] == id {
		return
	}
	if m == nil {
		m = map[string]string{}
	}
	m[domain] = id
	if id == "" {
		delete(m, domain)
	}
	r.External = ""
	if len(m) > 0 {
		b, _ := json.Marshal(m) // a map of strings always has a JSON form
		r.External = string(b)
	}
}

// Index computes Keys, Tokens and Unique of r from its document in canonical
// form and from r.External. It must be called before Insert and Replace. It
// returns Invalid for a name too long to be kept.
func (db *DB) Index(r *Resource, rt *schema.ResourceType, doc schema.Object) error {
	seed := db.seed.Load()
	if seed == nil {
		return errors.New("index a resource: the database has not been migrated")
	}
	e, err := find.Index(*seed, rt, doc, r.externals())
	if err == nil {
		r.Keys, r.Tokens, r.Unique = e.Keys, e.Tokens, e.Unique
	}
	return err
}

// scanResource reads readColumns and grouped.
func scanResource(s *scanner, org identity.OrgID) *Resource {
	return &Resource{
		Org: org, Type: s.text(), ID: s.id(), Version: s.int(), Created: s.time(), Modified: s.time(),
		External: s.text(), Doc: s.bytes(), Grouped: s.bool(),
	}
}

func scanKeys(s *scanner, r *Resource) {
	r.Keys = Keys{
		Name: s.text(), Display: s.text(), Email: s.text(), Emails: s.text(), Label: s.text(),
		Active: Flag(s.int()),
	}
	r.Tokens = find.Unpack(s.view())
	r.uniques = s.int()
}

// Insert stores a new resource as r stands, with its version and times. It
// returns Conflict when a unique value is taken; on PostgreSQL the conflict may
// show only at the next statement or when Update or Savepoint ends.
func (tx *Tx) Insert(ctx context.Context, r *Resource) error {
	return wrap(tx.insert(ctx, r), "insert %s %s", r.Type, r.ID)
}

func (tx *Tx) insert(ctx context.Context, r *Resource) error {
	if err := tx.checkUnique(ctx, r); err != nil {
		return err
	}
	k := &r.Keys
	err := tx.queue(ctx, insertResource, r.Org, r.Type, r.ID, r.Version, millis(r.Created), millis(r.Modified),
		nullable(k.Name), nullable(k.Display), nullable(k.Email), nullable(k.Emails), k.Label, int64(k.Active),
		len(r.Unique), find.Pack(r.Tokens), nullable(r.External), string(r.Doc))
	if err != nil {
		return err
	}
	if err := tx.addTokens(ctx, r.Org, r.ID, r.Tokens); err != nil {
		return err
	}
	if err := tx.addUniques(ctx, r); err != nil {
		return err
	}
	tx.tally(r.Org, r.Type, 1)
	return tx.search(ctx, r.Org, r.Type, r.ID, true, false)
}

// search brings the trigram index up to date, where the database does not.
func (tx *Tx) search(ctx context.Context, org identity.OrgID, typ string, id identity.ID, add, remove bool) error {
	d := &tx.db.dialect.Search
	if remove && d.Delete != "" {
		if err := tx.conn.Later(ctx, Statement{SQL: d.Delete, Args: []any{org, typ, id}}); err != nil {
			return err
		}
	}
	if add && d.Insert != "" {
		return tx.conn.Later(ctx, Statement{SQL: d.Insert, Args: []any{org, typ, id}})
	}
	return nil
}

// checkUnique looks for unique values of r that others have, to name the
// attribute; the unique key of the table decides between two at a time.
func (tx *Tx) checkUnique(ctx context.Context, r *Resource) error {
	for _, u := range r.Unique {
		taken := false
		err := tx.each(ctx, func(rows Rows) error {
			taken = scan(rows).id() != r.ID
			return nil
		}, findUnique, r.Org, r.Type, u.Path, u.Key)
		if err != nil {
			return err
		}
		if taken {
			return identity.NewError(identity.Conflict, u.Path, "The value of "+u.Path+" is taken.")
		}
	}
	return nil
}

func (tx *Tx) addUniques(ctx context.Context, r *Resource) error {
	for _, u := range r.Unique {
		if err := tx.queue(ctx, addUnique, r.Org, r.Type, u.Path, u.Key, r.ID); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) addTokens(ctx context.Context, org identity.OrgID, id identity.ID, tokens []int64) error {
	return chunks(tokens, func(part []int64) error {
		args := []any{org, id}
		sql := `INSERT INTO attr_token (org_id, id, h) VALUES ($1, $2, $3)`
		for i, h := range part {
			if i > 0 {
				sql += `, ($1, $2, ` + params(i+3, 1) + `)`
			}
			args = append(args, h)
		}
		return tx.queue(ctx, sql+` ON CONFLICT DO NOTHING`, args...)
	})
}

func (tx *Tx) removeTokens(ctx context.Context, org identity.OrgID, id identity.ID, tokens []int64) error {
	return chunks(tokens, func(part []int64) error {
		list, args := listParams(3, part)
		return tx.queue(ctx, `DELETE FROM attr_token WHERE org_id = $1 AND id = $2 AND h IN (`+list+`)`,
			append([]any{org, id}, args...)...)
	})
}

// Replace stores r in the place of seen, which is cheapest when Get returned it
// in this transaction. It returns Stale when the stored version is not seen's,
// and Conflict as Insert does. r.Version must be above seen.Version.
func (tx *Tx) Replace(ctx context.Context, seen, r *Resource) error {
	now, err := tx.locked(ctx, seen)
	if err == nil {
		err = tx.replace(ctx, now, r)
	}
	return wrap(err, "replace %s %s", seen.Type, seen.ID)
}

func (tx *Tx) replace(ctx context.Context, seen, r *Resource) error {
	if err := tx.checkUnique(ctx, r); err != nil {
		return err
	}
	k := &r.Keys
	args := []any{r.Version, millis(r.Modified), len(r.Unique), find.Pack(r.Tokens), nullable(r.External),
		string(r.Doc), k.Label, int64(k.Active), seen.Org, seen.Type, seen.ID, seen.Version}
	sql := replaceDoc
	same := k.Name == seen.Keys.Name && k.Display == seen.Keys.Display &&
		k.Email == seen.Keys.Email && k.Emails == seen.Keys.Emails
	if !same {
		sql = replaceKeys
		args = append(args, nullable(k.Name), nullable(k.Display), nullable(k.Email), nullable(k.Emails))
	}
	// The row is locked: nobody has to wait for the outcome.
	if err := tx.conn.Queue(ctx, Statement{SQL: sql, Args: args, Want: 1}); err != nil {
		return classify(err)
	}
	if err := tx.replaceIndex(ctx, seen, r); err != nil || same {
		return err
	}
	return tx.search(ctx, seen.Org, seen.Type, seen.ID, true, true)
}

// replaceIndex brings tokens and unique values from those of seen to those of r.
func (tx *Tx) replaceIndex(ctx context.Context, seen, r *Resource) error {
	gone := slices.DeleteFunc(slices.Clone(seen.Tokens), func(h int64) bool { return slices.Contains(r.Tokens, h) })
	if err := tx.removeTokens(ctx, seen.Org, seen.ID, gone); err != nil {
		return err
	}
	added := slices.DeleteFunc(slices.Clone(r.Tokens), func(h int64) bool { return slices.Contains(seen.Tokens, h) })
	if err := tx.addTokens(ctx, seen.Org, seen.ID, added); err != nil {
		return err
	}
	if seen.uniques > 0 {
		if err := tx.queue(ctx, deleteUniques, seen.Org, seen.ID); err != nil {
			return err
		}
	}
	return tx.addUniques(ctx, r)
}

// Get returns one resource or NotFound. In an Update other writers wait until
// the transaction ends before they get at the resource.
func (tx *Tx) Get(ctx context.Context, org identity.OrgID, typ string, id identity.ID) (*Resource, error) {
	sql := getResource
	if tx.write {
		sql = tx.db.forWrite
	}
	var res *Resource
	err := tx.one(ctx, "resource", func(r Rows) error {
		s := scan(r)
		res = scanResource(s, org)
		if tx.write {
			scanKeys(s, res)
			res.lock = tx
		}
		return nil
	}, sql, org, typ, id)
	return res, wrap(err, "read %s %s", typ, id)
}

// GetMany returns those of the resources that exist, of whatever type. It is
// TooCostly when they are too large together.
func (tx *Tx) GetMany(ctx context.Context, org identity.OrgID, ids []identity.ID) (map[identity.ID]*Resource, error) {
	found := make(map[identity.ID]*Resource, len(ids))
	room := 0
	err := chunks(ids, func(part []identity.ID) error {
		list, args := listParams(2, part)
		return tx.each(ctx, func(r Rows) error {
			res := scanResource(scan(r), org)
			found[res.ID] = res
			room += len(res.Doc)
			return tooWide(len(found), room)
		}, getMany+list+`)`, append([]any{org}, args...)...)
	})
	return found, wrap(err, "read %d resources", len(ids))
}

// shareLock keeps located rows from being deleted until the transaction ends,
// where rows are locked at all; others may share it.
const shareLock = ` FOR KEY SHARE OF r`

// Locate returns the types of those of the resources that exist. In an Update
// none of them can be deleted before the transaction ends.
func (tx *Tx) Locate(ctx context.Context, org identity.OrgID, ids []identity.ID) (map[identity.ID]string, error) {
	end := `)`
	if tx.write && tx.db.dialect.Lock != "" {
		end += shareLock
	}
	found := make(map[identity.ID]string, len(ids))
	err := chunks(ids, func(part []identity.ID) error {
		list, args := listParams(2, part)
		return tx.each(ctx, func(r Rows) error {
			s := scan(r)
			id := s.id()
			found[id] = s.text()
			return nil
		}, locate+list+end, append([]any{org}, args...)...)
	})
	return found, wrap(err, "locate %d resources", len(ids))
}
