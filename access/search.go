package access

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/muster-id/muster/access/policy"
	"github.com/muster-id/muster/identity"
)

// A Page is asked for by limit (0 means 100, at most 1,000) and the token of the
// page before ("": the first).
type Page struct {
	Token string
	Limit int
}

// SearchSubjects lists the subjects of q.Subject.Type ("user", "group" or "app")
// that may do what q asks, by id. A token of another question is Invalid. People
// of organisations above, who may too, are not listed.
func (s *Service) SearchSubjects(ctx context.Context, org identity.OrgID, q policy.Question, p Page) (list []string, next string, err error) {
	return s.search(ctx, org, "subject", q, p, func(st *state, q policy.Question, after string, limit int) ([]string, bool) {
		for {
			part, more := st.snap.SearchSubjects(q, after, limit-len(list))
			for _, text := range part {
				after = text
				if id, ok := identity.ParseID(text); !ok || !st.upper.foreign(id) {
					list = append(list, text)
				}
			}
			if !more || len(list) >= limit || len(part) == 0 || q.Stop() {
				return list, more
			}
		}
	})
}

// foreign reports whether a subject is of an organisation above.
func (u *upper) foreign(id identity.ID) bool {
	return u.guests[id] || u.groups[id] || u.subjects[id]
}

// SearchResources lists the registered resources of a type on which q is allowed,
// by slug.
func (s *Service) SearchResources(ctx context.Context, org identity.OrgID, q policy.Question, p Page) (ids []string, next string, err error) {
	return s.search(ctx, org, "resource", q, p, func(st *state, q policy.Question, after string, limit int) ([]string, bool) {
		return st.snap.SearchResources(q, after, limit)
	})
}

// SearchActions lists the actions that are allowed, by name.
func (s *Service) SearchActions(ctx context.Context, org identity.OrgID, q policy.Question, p Page) (names []string, next string, err error) {
	return s.search(ctx, org, "action", q, p, func(st *state, q policy.Question, after string, limit int) ([]string, bool) {
		return st.snap.SearchActions(q, after, limit)
	})
}

// searchTime bounds one search: conditions may be costly, and a search judges every
// subject or resource.
const searchTime = 2 * time.Second

type search func(st *state, q policy.Question, after string, limit int) (list []string, more bool)

func (s *Service) search(ctx context.Context, org identity.OrgID, what string, q policy.Question, p Page, find search) ([]string, string, error) {
	sum, err := questionSum(org, what, q)
	if err != nil {
		return nil, "", err
	}
	after, err := readPageToken(p.Token, sum)
	if err != nil {
		return nil, "", err
	}
	r, st, err := s.state(ctx, org)
	if err == nil {
		err = s.ready(ctx, r, st, &q)
	}
	if err != nil {
		return nil, "", err
	}
	began, stopped := time.Now(), false
	q.Stop = func() bool {
		stopped = stopped || ctx.Err() != nil || time.Since(began) > searchTime
		return stopped
	}
	list, more := find(st, q, after, pageSize(p.Limit))
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	if stopped {
		return nil, "", identity.NewError(identity.TooCostly, "", "The conditions of the statements take too long to search through; ask about one thing at a time.")
	}
	if !more || len(list) == 0 {
		return list, "", nil
	}
	return list, pageToken(sum, list[len(list)-1]), nil
}

// questionSum is the mark of a question by which its page tokens are known.
func questionSum(org identity.OrgID, what string, q policy.Question) ([]byte, error) {
	text, err := json.Marshal([]any{org, what, q})
	if err != nil {
		return nil, identity.NewError(identity.Invalid, "", "The properties of the question are not JSON.")
	}
	sum := sha256.Sum256(text)
	return sum[:16], nil
}

// pageToken says where a page of the answer to a question ended.
func pageToken(sum []byte, after string) string {
	return base64.RawURLEncoding.EncodeToString(slices.Concat(sum, []byte(after)))
}

// readPageToken reads what pageToken wrote for the same question.
func readPageToken(token string, sum []byte) (string, error) {
	if token == "" {
		return "", nil
	}
	data, err := base64.RawURLEncoding.DecodeString(token)
	after, ok := bytes.CutPrefix(data, sum)
	if err != nil || !ok || len(after) == 0 {
		return "", identity.NewError(identity.Invalid, "token", "The page token does not belong to this question.")
	}
	return strings.ToValidUTF8(string(after), ""), nil
}
