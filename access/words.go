package access

import (
	"github.com/muster-id/muster/access/policy"
	"github.com/muster-id/muster/catalogue"
)

// The words of packages catalogue and policy, for those who ask only this one.
type (
	Action       = catalogue.Action
	ResourceType = catalogue.ResourceType
	Resource     = catalogue.Resource
	Permission   = catalogue.Permission
	Statement    = catalogue.Statement
	Role         = catalogue.Role
	Base         = catalogue.Base

	Question   = policy.Question
	Entity     = policy.Entity
	Decision   = policy.Decision
	Reason     = policy.Reason
	Membership = policy.Membership
)
