package ui

import "github.com/muster-id/muster/locale"

// Missing lists what a language lacks of the layout's own words.
func Missing() []string { return locale.Must(files, "words").Missing() }

// Sources writes addresses as sources of a policy.
func Sources(addresses ...string) string { return sources(addresses) }
