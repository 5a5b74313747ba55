package ui

import "github.com/muster-id/muster/locale"

// Missing lists what a language lacks of the layout's own words.
func Missing() []string { return locale.Must(files, "words").Missing() }
