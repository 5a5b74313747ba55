package secret

// TooCommon reports whether a password is one of those that are tried first: one
// of the list of common passwords, or made of the words, which are names of the
// person and of the organisation.
func TooCommon(password string, words ...string) bool { panic("unfinished") }
