package docs

import (
	"regexp"
	"strings"
)

// stackspotChecks is what the StackSpot IAM API says, as numbered statements.
func stackspotChecks() checks {
	return checks{
		name: "StackSpot IAM API", folder: "server", test: "TestSeed004", text: regexp.MustCompile(`^S-(\d{3})$`), number: "%03d",
		about: "Each statement of the API's documentation, asked over HTTP: `go test ./server -run 'TestSeed004/sqlite/S-042$'`.",
		list:  strings.Split(strings.TrimSpace(stackspotStatements), "\n"),
	}
}

const stackspotStatements = `
Authorization header required
Bearer scheme
request body application/json
body required
tenant in path
tenant in header
permission scim_use needed
token endpoint "/{realm}/oidc/oauth/token" client_credentials
collection names case-insensitive
single envelope has exactly attributes, externalID, id, meta, schemas
externalID is an object
meta has created, lastModified, location, resourceType, version (strings)
schemas is an array of strings
page envelope has exactly resources and totalResults
totalResults is a number equal to the number of matches
flat form on Accept application/scim+json
error body
bad count
list Actions
each item attributes: active, client_id, created_at, description, id, name
create Action
name required on create of Action
get Action by id
update Action
name required on update of Action
patch Action with "Operations", path object or null, value object, schemas as one string
delete Action
client_id and description optional
created action has active true, created_at, id
action id in attributes equals envelope id
list Groups
each item attributes: displayName, members[{$ref,display,type,value}]
create Group
displayName required on create of Group
get Group by id
update Group
patch Group with "Operations", path object or null, value object, schemas as one string
delete Group
displayName optional on update
new group has members []
members carry $ref, display, type, value
remove one member by valueExpression
same with string path
PatchGroup.members required
displayName also patchable
list Permissions
each item attributes: client_id, created_at, description, id, name, statements
create Permission
name required on create of Permission
statements required on create of Permission
get Permission by id
update Permission
name required on update of Permission
patch Permission with "Operations", path object or null, value object, schemas as one string
delete Permission
create statements use actions (array of strings) + resource (string)
update statements use action (string) + resource
statements optional on update
statements[].actions[] in responses are full action envelopes
statements[].resource in responses is a full resource envelope with attributes.type
type inside has actions[], client_id, created_at, description, id, name, slug
unknown action id
unknown resource id
either spelling action/actions accepted in POST, PUT, PATCH
list Resource-Types
each item attributes: actions[], client_id, description, name, resources[], slug
create Resource-Type
actions required on create of Resource-Type
name required on create of Resource-Type
get Resource-Type by id
update Resource-Type
name required on update of Resource-Type
slug required on update of Resource-Type
patch Resource-Type with "operations", path object or null, value object, schemas as one string
delete Resource-Type
slug optional on create of Resource-Type, generated
actions in response are flat objects (active, client_id, created_at, description, id, name), not envelopes
resources in response are flat objects (client_id, created_at, description, id, name, slug)
PUT body has no actions: actions are kept
capital Operations accepted here too
alias /scim/Resources-Types/{id}
duplicate slug
list Resources
each item attributes: client_id, description, name, slug, type{}
create Resource
name required on create of Resource
type required on create of Resource
get Resource by id
update Resource
name required on update of Resource
slug required on update of Resource
type required on update of Resource
patch Resource with "Operations", path object or null, value object, schemas as one string
delete Resource
slug optional on create
type is a string in requests and an object in responses
type object has actions[] flat, client_id, created_at, description, id, name, slug
unknown type
list Roles
each item attributes: claim_mapper, client_id, created_at, description, id, member_count, name, permissions[]
create Role
name required on create of Role
get Role by id
update Role
name required on update of Role
patch Role with "Operations", path object or null, value object, schemas as one string
delete Role
id may be given on create
id taken
claim_mapper is an object of string values
claim_mapper free property names
permissions = array of strings in requests
permissions in responses are flat objects with statements of envelopes
statements array allowed on create
member_count integer
statements and id are not part of update
unknown permission
role without permissions/statements allowed
list Users
each item attributes: (user items; seed prints role items) userName, emails, name, extension ...
create User
get User by id
update User
patch User with "Operations", path object or null, value object, schemas as one string
delete User
no attribute is marked required on create
empty user needs at least userName or an e-mail
every listed attribute is stored and returned under attributes
password never returned
password usable for login
extension key is the URN itself inside attributes
extension fields blocked, company, ddd, ddi, gender, generatePassword, hireDate, human, is_email_verified, machineName, preferredLoginName, properties, resourceOwner stored
blocked true stops login
generatePassword true without password makes one
is_email_verified drives OIDC email_verified
properties is a free object
update accepts only emails, name, phoneNumbers, extension, userName
update extension fields: company, ddd, ddi, hireDate, is_email_verified
userName optional on update
patch value may carry emails, name, phoneNumbers, X, userName
path.uriprefix = X with attributeName company addresses the extension
path.attributePath.subAttribute addresses name.givenName
path.valueExpression null accepted
role items for a user are obtainable
duplicate userName
emails entry keys primary, type, value
PATCH key "Operations"
PATCH key "operations"
"schemas" as string accepted
"schemas" as array accepted
no operations
unknown op
op case-insensitive
bad path string
decision uses the model: user with role -> permission -> statement(action, resource)
resource-type actions bound which actions a statement may name
tenant isolation
every write audited
`
