package catalogue

// SetMost changes how many things of a kind an organisation may have, and
// returns what changes it back.
func SetMost(kind string, n int) func() {
	old := most[kind]
	most[kind] = n
	return func() { most[kind] = old }
}

// Inside of the package, for its tests.
var (
	CheckCondition = checkCondition
	SlugOf         = slugOf
)
