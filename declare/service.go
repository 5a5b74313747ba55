package declare

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
)

// Options are what a Service is made of.
type Options struct {
	Directory *directory.Directory
	Apps      *app.Service
	Access    *access.Service
	// SCIM sends a request to the engine, for users and groups.
	SCIM func(ctx context.Context, by identity.Actor, method, path string, query url.Values, body, out any) error
	By   func(identity.OrgID) identity.Actor // who acts, in an organisation
	Now  func() time.Time                    // nil: time.Now
}

// A Service compares files with what is there.
type Service struct{ o Options }

// New makes a Service.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Service{o}
}

func (s *Service) now() time.Time { return s.o.Now() }

// A Step is one difference between files and what is there.
type Step struct {
	Verb         string   `json:"verb"` // "create", "change" or "delete"
	Organisation string   `json:"organisation"`
	Kind         string   `json:"kind"`
	Name         string   `json:"name"`
	Changes      []string `json:"changes,omitempty"` // "description: old -> new"

	at string // file and line, "" for what is in no file
	do func(context.Context) (secret string, err error)
}

// A Secret is what a step made that is told this once.
type Secret struct {
	Organisation string `json:"organisation"`
	Kind         string `json:"kind"` // "app" or "connection"
	Name         string `json:"name"`
	Text         string `json:"text"`
}

// A Plan is what is to be done, in order.
type Plan struct{ Steps []Step }

// Apply carries a plan out and tells done of each step that is done, with the
// secret that it made, nil for most. It stops at the first step that fails; what
// was done stays, and a new plan has what is left.
func (s *Service) Apply(ctx context.Context, p *Plan, done func(Step, *Secret)) error {
	for _, step := range p.Steps {
		text, err := step.do(ctx)
		var secret *Secret
		if text != "" {
			secret = &Secret{step.Organisation, step.Kind, step.Name, text}
		}
		if err == nil || secret != nil {
			done(step, secret)
		}
		if err != nil {
			err = fmt.Errorf("%s %s %s in %s: %w", step.Verb, step.Kind, step.Name, step.Organisation, err)
			if step.at != "" {
				err = fmt.Errorf("%s: %w", step.at, err)
			}
			return err
		}
	}
	return nil
}
