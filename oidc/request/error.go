package request

// A Place is where an error is told.
type Place string

// The places.
const (
	// OnPage is a page of ours, for the browser must not be sent to an address
	// that may not be the app's.
	OnPage Place = "page"
	// ByRedirect sends the browser back to the app with the error.
	ByRedirect Place = "redirect"
)

// An Error is a request that was refused. Text is for developers and holds
// nothing of what the request said.
type Error struct {
	Code      string // of RFC 6749 section 4.1.2.1 or of a later document
	Text      string
	Place     Place
	Ref       string // the paragraph that it breaks
	Parameter string // the parameter at fault, "" if none
}

func (e *Error) Error() string { return e.Code + ": " + e.Text }

func page(code, parameter, text string) *Error {
	return &Error{Code: code, Text: text, Place: OnPage, Parameter: parameter}
}
