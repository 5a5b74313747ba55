package access

import (
	"github.com/muster-id/muster/access/policy"
	"github.com/muster-id/muster/catalogue"
)

// The words of package catalogue, for those who ask only this one.
type (
	// An Action is something that can be done.
	Action = catalogue.Action
	// A ResourceType is a kind of resource with the actions that apply to it.
	ResourceType = catalogue.ResourceType
	// A Resource is a thing that can be named in statements.
	Resource = catalogue.Resource
	// A Permission is a list of statements.
	Permission = catalogue.Permission
	// A Statement allows, or denies, actions on resources.
	Statement = catalogue.Statement
	// A Role is what is assigned to users, groups and apps.
	Role = catalogue.Role
	// A Base is what all of them have.
	Base = catalogue.Base
)

// The words of package policy.
type (
	// A Question is what is decided.
	Question = policy.Question
	// An Entity is a subject or a resource with what the caller says of it.
	Entity = policy.Entity
	// A Decision is the answer.
	Decision = policy.Decision
	// A Reason is one path from a subject to a statement.
	Reason = policy.Reason
	// A Membership is one row of a group.
	Membership = policy.Membership
)

// CheckCondition reports why a text cannot be the condition of a statement.
func CheckCondition(text string) error {
	if text == "" {
		return nil
	}
	_, err := policy.ParseCondition(text)
	return err
}
