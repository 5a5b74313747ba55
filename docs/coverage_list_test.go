package docs

import (
	"regexp"

	"github.com/muster-id/muster/api/vmware"
)

// An attack is one of the numbered list that the project tests itself against.
type attack struct {
	number int
	about  string
	later  string // what has to exist before it can be tested, "" for nothing
}

// attacks are the groups A, B and C, and those of D and E that concern sign-in.
var attacks = []attack{
	{number: 1, about: "redirect URIs that nearly match"},
	{number: 2, about: "javascript:, data: and vbscript: as URIs of an app"},
	{number: 3, about: "markup in what a page posts on"},
	{number: 4, about: "malformed requests and parameters given twice"},
	{number: 5, about: "sign-out that leads elsewhere, with forged hints"},
	{number: 6, about: "Host and X-Forwarded-Host of a stranger"},
	{number: 7, about: "a sign-in that is continued in another browser"},
	{number: 8, about: "signing in as somebody else over a session"},
	{number: 9, about: "answers of one provider given to another", later: "federation"},
	{number: 10, about: "an ID token from above without its nonce", later: "federation"},
	{number: 11, about: "tokens of a provider that is disabled, or another organisation's", later: "federation"},
	{number: 12, about: "an access token of another client as proof of sign-in", later: "federation"},
	{number: 13, about: "one kind of code for another"},
	{number: 14, about: "fifty at once use what is good once"},
	{number: 15, about: "codes and tokens of another client"},
	{number: 16, about: "PKCE left out, added, weakened"},
	{number: 17, about: "refresh after the end of what it was for"},
	{number: 18, about: "groups and roles that are gone"},
	{number: 19, about: "a service account that is shut out"},
	{number: 20, about: "more scopes than the app has"},
	{number: 21, about: "device codes: guessed, foreign, of people without access"},
	{number: 22, about: "token exchange without permission, endless chains"},
	{number: 23, about: "request objects of every bad kind"},
	{number: 24, about: "addresses that make the server call inside"},
	{number: 25, about: "client assertions of every bad kind"},
	{number: 26, about: "tricks in headers of JWTs"},
	{number: 27, about: "DPoP proofs replayed, foreign, left out"},
	{number: 28, about: "one type of JWT for another"},
	{number: 29, about: "keys and names of another issuer"},
	{number: 30, about: "content of the caller, signed by the server"},
	{number: 31, about: "forged cursors"},
	{number: 32, about: "steps that are skipped"},
	{number: 33, about: "recovery as a way around the second factor"},
	{number: 34, about: "guesses by every way at once"},
	{number: 35, about: "codes that are shown to the caller"},
	{number: 36, about: "a code of the app used twice"},
	{number: 37, about: "enrolling a factor for somebody else"},
	{number: 38, about: "passkeys of other origins, replayed, unverified"},
	{number: 39, about: "an account made before its owner comes"},
	{number: 40, about: "addresses that look the same"},
	{number: 41, about: "invitations: again, elsewhere, for more than they say"},
	{number: 42, about: "the first set-up, again"},
	{number: 43, about: "finding out who has an account"},
	{number: 44, about: "memory exhausted by passwords"},
	{number: 45, about: "locking somebody else out"},
	{number: 46, about: "a token of one person beside the session of another"},
	{number: 47, about: "a recovery link: twice, overtaken, leaked"},
	{number: 48, about: "ids of another organisation"},
	{number: 49, about: "unknown organisations and paths"},
	{number: 51, about: "administrators of a part: what they see, and what they make more of"},
	{number: 52, about: "giving more than one has; the last owner"},
	{number: 53, about: "paths that are spelled otherwise"},
	{number: 54, about: "a second way in without the same checks"},
	{number: 55, about: "expressions that do more than compare"},
	{number: 63, about: "markup in names, in letters and on pages"},
	{number: 65, about: "CORS: null, suffixes, credentials"},
	{number: 66, about: "labels and log lines made by strangers"},
	{number: 67, about: "secrets compared in constant time"},
	{number: 68, about: "large headers, slow bodies, compressed bodies"},
}

// A checks is a list of numbered checks that tests name by texts.
type checks struct {
	name, about string
	folder      string         // of the tests
	test        string         // that their names begin with
	text        *regexp.Regexp // of a text that names a check; its group is the number
	number      string         // how the number is written
	list        []string       // what is checked, from 1
}

func checkLists() []checks {
	seed := checks{
		name: "VMware Identity Service API", folder: "server", test: "TestSeed002", text: regexp.MustCompile(`^row-(\d\d)$`), number: "%02d",
		about: "The operations of the documentation, each as five kinds of caller ([access-matrix.md](access-matrix.md)):\n" +
			"`go test ./server -run 'TestSeed002/sqlite/row-07_member'`.",
	}
	for _, op := range vmware.Operations() {
		seed.list = append(seed.list, op.Name)
	}
	return []checks{seed, stackspotChecks(), authzenChecks()}
}

// A plan is a certification plan of the OpenID Foundation.
type plan struct {
	name    string
	test    string // the test function in e2e/plan
	prefix  string // that the modules begin with
	modules string
}

const basicModules = `server response-type-missing idtoken-signature idtoken-unsigned userinfo-get userinfo-post-header
	userinfo-post-body ensure-request-without-nonce-succeeds-for-code-flow scope-profile scope-email scope-address
	scope-phone scope-all alternate-happy-flow display-page display-popup prompt-login prompt-none-not-logged-in
	prompt-none-logged-in max-age-1 max-age-10000 ensure-request-with-unknown-parameter-succeeds id-token-hint
	login-hint ui-locales claims-locales ensure-request-with-acr-values-succeeds codereuse codereuse-30seconds
	ensure-registered-redirect-uri ensure-post-request-succeeds server-client-secret-post
	request-uri-unsigned-supported-correctly-or-rejected-as-unsupported
	unsigned-request-object-supported-correctly-or-rejected-as-unsupported claims-essential
	ensure-request-object-with-redirect-uri refresh-token ensure-request-with-valid-pkce-succeeds`

var plans = []plan{
	{"oidcc-config-certification-test-plan", "TestPlanConfig", "oidcc-", `discovery-endpoint-verification`},
	{"oidcc-basic-certification-test-plan", "TestPlanBasic", "oidcc-", basicModules},
	{"oidcc-formpost-basic-certification-test-plan", "TestPlanFormPostBasic", "oidcc-", basicModules},
	{"oidcc-dynamic-certification-test-plan", "TestPlanDynamic", "oidcc-", `discovery-endpoint-verification server
	ensure-client-assertion-with-iss-aud-succeeds ensure-redirect-uri-in-authorization-request
	ensure-request-object-with-redirect-uri idtoken-rs256 idtoken-unsigned redirect-uri-query-OK redirect-uri-query-added
	redirect-uri-query-mismatch redirect-uri-regfrag refresh-token refresh-token-rp-key-rotation registration-jwks-uri
	registration-logo-uri registration-policy-uri registration-sector-bad registration-sector-uri registration-tos-uri
	request-uri-signed-rs256 request-uri-unsigned server-rotate-keys userinfo-rs256`},
	{"oidcc-3rdparty-init-login-certification-test-plan", "TestPlan3rdPartyInit", "oidcc-3rd_party-init-login", `. -nohttps`},
	{"oidcc-rp-initiated-logout-certification-test-plan", "TestPlanLogout", "oidcc-rp-initiated-logout", `.
	-discovery-endpoint-verification -bad-post-logout-redirect-uri -modified-id-token-hint -no-id-token-hint -no-params
	-no-post-logout-redirect-uri -no-state -only-state -query-added-to-post-logout-redirect-uri -bad-id-token-hint`},
	{"oidcc-backchannel-rp-initiated-logout-certification-test-plan", "TestPlanBackChannel", "oidcc-backchannel-",
		`logout-discovery-endpoint-verification rp-initiated-logout`},
	{"oidcc-frontchannel-rp-initiated-logout-certification-test-plan", "TestPlanFrontChannel", "oidcc-frontchannel-",
		`logout-discovery-endpoint-verification rp-initiated-logout`},
	{"fapi2-security-profile-final-test-plan", "TestPlanFAPI2", "fapi2-security-profile-final-", `discovery-end-point-verification
	happy-flow user-rejects-authentication ensure-authorization-request-without-state-success
	ensure-authorization-request-without-nonce-success ensure-authorization-request-with-64-char-nonce-success
	ensure-other-scope-order-succeeds test-claims-parameter-identity-claims access-token-type-header-case-sensitivity
	check-dpop-proof-nbf-exp ensure-dpopproof-with-iat-10seconds-before-succeeds
	ensure-dpopproof-with-iat-10seconds-after-succeeds ensure-mismatched-dpop-jkt-fails
	ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt ensure-token-endpoint-fails-with-mismatched-dpop-jkt
	ensure-dpopproof-at-par-endpoint-binding-success ensure-dpop-auth-code-binding-success
	ensure-different-nonce-inside-and-outside-request-object ensure-different-state-inside-and-outside-request-object
	ensure-authorization-request-with-long-nonce ensure-authorization-request-with-long-state
	state-only-outside-request-object-not-used ensure-request-object-without-redirect-uri-fails
	plain-fapi-tolerate-unregistered-redirect-uri ensure-unsigned-authorization-request-without-using-par-fails
	ensure-redirect-uri-in-authorization-request ensure-response-type-code-idtoken-fails ensure-response-type-token-fails
	ensure-client-id-in-token-endpoint ensure-holder-of-key-required ensure-authorization-code-is-bound-to-client
	attempt-reuse-authorization-code-after-one-second ensure-token-endpoint-fails-with-expired-auth-code
	ensure-signed-client-assertion-with-RS256-fails ensure-client-assertion-in-token-endpoint
	ensure-client-assertion-with-exp-is-5-minutes-in-past-fails ensure-client-assertion-with-wrong-aud-fails
	ensure-client-assertion-with-no-sub-fails dpop-negative-tests refresh-token
	par-ensure-reused-request-uri-prior-to-auth-completion-succeeds par-attempt-reuse-request_uri
	par-attempt-to-use-expired-request_uri par-ensure-jwt-client-assertions-nbf-8-seconds-in-the-future-is-accepted
	par-ensure-jwt-client-assertions-nbf-over-60-seconds-in-the-future-fails
	par-attempt-to-use-request_uri-for-different-client par-authorization-request-containing-request_uri-form-param
	par-attempt-invalid-http-method par-ensure-pkce-required ensure-pkce-code-verifier-required
	incorrect-pkce-code-verifier-rejected par-plain-pkce-rejected par-without-duplicate-parameters
	par-test-array-as-audience-fails par-test-par-endpoint-url-as-audience-fails
	par-test-token-endpoint-url-as-audience-fails`},
}
