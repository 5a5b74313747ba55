package docs

import (
	"regexp"
	"strings"
)

// authzenChecks is what the AuthZEN certification scenario asks, by its sections,
// and what our list of requirements adds.
func authzenChecks() checks {
	return checks{
		name: "AuthZEN Authorization API 1.0", folder: "server", test: "TestAuthZEN", text: regexp.MustCompile(`^Z-(\d\d) `), number: "%02d",
		about: "The certification scenario with its Properties levels, over HTTP on both databases: `go test ./server -run TestAuthZEN`.",
		list:  strings.Split(strings.TrimSpace(authzenScenario), "\n"),
	}
}

const authzenScenario = `
c-2-2-1 permit
c-1-4 rule 2
c-1-4 rule 3
c-2-2-2 deny
c-2-2-3 context
c-2-2-4 archived
c-2-2-5 admin
c-2-2-6 soft
c-2-2-7 hard
c-2-2-8 further properties
c-2-2-9 unknown fields
nobody
no such type
c-2-4-1 no subject
c-2-4-1 no action
c-2-4-1 no resource
c-2-4-2 no subject.type
c-2-4-2 no subject.id
c-2-4-2 no action.name
c-2-4-2 no resource.type
c-2-4-2 no resource.id
c-2-4-4 malformed
c-2-4-4 cut off
c-2-4-5 empty
c-2-4-6 subject is a string
c-2-4-6 name is a number
properties is a list
an array
unknown semantic
evaluations is an object
more than a thousand
c-4-7-1 subjects, no action
c-4-7-1 resources, no one
c-4-7-1 actions, no resource
c-4-7-2 no resource.id
c-4-7-2 no subject.id
a negative limit
a forged token
c-3-2-1 an array
c-3-2-2 in order
c-3-2-3 properties
c-3-2-4 of subjects
c-3-2-5 no defaults
c-3-2-6 context
c-3-2-7 merged
c-3-4-1 an item lacks one
an item of a wrong type
deny on first deny
permit on first permit
execute all
c-3-4-2 no array
c-3-4-3 an empty one
c-4-2-1 subjects
c-4-2-2 context
c-4-2-3 an id is ignored
c-4-2-4 subjects, archived
c-4-3-1 resources
c-4-3-2 an id is ignored
c-4-3-3 resources of an admin
c-4-4-1 actions
c-4-4-2 context
c-4-4-3 actions of an admin
c-4-6-1 nobody
c-4-6-2 no such type
c-4-6-2 no such resource type
c-4-6-2 no such type of anyone
c-2-4-3 content types
c-2-5-1 X-Request-ID comes back
other methods
missing and bad credentials
c-4-5 pages
c-6 metadata
`
