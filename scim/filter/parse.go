package filter

// Limits of the parser; what exceeds one is refused before it costs anything.
const (
	MaxLength = 64 << 10 // bytes of a filter or path
	MaxDepth  = 50       // nested parentheses and brackets
	MaxTerms  = 500      // comparisons in one filter
)

// Parse reads a filter. An error is a *schema.Error with the fault
// InvalidFilter whose detail names the offset in bytes.
func Parse(s string) (Expr, error) { panic("not yet") }

// ParsePath reads the path of a PATCH operation. An error is a *schema.Error
// with the fault InvalidPath whose detail names the offset in bytes.
func ParsePath(s string) (Path, error) { panic("not yet") }
