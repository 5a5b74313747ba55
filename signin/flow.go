package signin

import (
	"context"

	"github.com/muster-id/muster/identity"
)

// Begin makes a flow. The id stands in the path of its pages; the cookie goes to
// the browser, and only with it is the flow of use (attack: a link to a flow
// that somebody else began). Both are random.
func (s *Service) Begin(ctx context.Context, org identity.Organisation, st Start) (id, cookie string, err error) {
	panic("signin: begin")
}

// Flow says what a flow waits for. It is NotFound when there is no such flow or
// it has ended, and Denied in another browser.
func (s *Service) Flow(ctx context.Context, org identity.Organisation, id, cookie string) (*View, error) {
	panic("signin: flow")
}

// Answer takes a form. A form for another step than the pending one changes
// nothing and gives the pending step; so does a double post. What people do
// wrong is a View with Error, not an error; errors are as those of Flow.
func (s *Service) Answer(ctx context.Context, org identity.Organisation, id, cookie string, in Input) (*View, error) {
	panic("signin: answer")
}
