package authzen

// What questions and answers look like to those who read about them; read.go has
// what is read.
type (
	questionForm struct {
		Subject  *thingForm     `json:"subject" required:"true"`
		Action   *actionForm    `json:"action" required:"true"`
		Resource *thingForm     `json:"resource" required:"true"`
		Context  map[string]any `json:"context,omitempty" description:"What conditions read as context."`
	}
	thingForm struct {
		Type       string         `json:"type,omitempty" description:"Of a subject: user, group or app. Of a resource: the slug of its type."`
		ID         string         `json:"id,omitempty" description:"An id; or of a user the user name, of a group the display name, of an app the client id, of a resource the slug."`
		Properties map[string]any `json:"properties,omitempty" description:"What conditions read as subject or resource."`
	}
	actionForm struct {
		Name       string         `json:"name,omitempty"`
		Properties map[string]any `json:"properties,omitempty" description:"What conditions read as action."`
	}
)

type (
	batchForm struct {
		Subject     *thingForm     `json:"subject,omitempty" description:"Of all evaluations that have none; likewise the next three."`
		Action      *actionForm    `json:"action,omitempty"`
		Resource    *thingForm     `json:"resource,omitempty"`
		Context     map[string]any `json:"context,omitempty"`
		Evaluations []itemForm     `json:"evaluations,omitempty" description:"Up to 1,000; without them the body is one question."`
		Options     *optionsForm   `json:"options,omitempty"`
	}
	itemForm struct {
		Subject  *thingForm     `json:"subject,omitempty"`
		Action   *actionForm    `json:"action,omitempty"`
		Resource *thingForm     `json:"resource,omitempty"`
		Context  map[string]any `json:"context,omitempty"`
	}
	optionsForm struct {
		Semantic string `json:"evaluations_semantic,omitempty" enum:"execute_all,deny_on_first_deny,permit_on_first_permit"`
	}
	batchAnswer struct {
		Evaluations []decision `json:"evaluations" description:"In order, up to the one at which the semantic ends it."`
	}
)

type (
	searchForm struct {
		Subject  *thingForm     `json:"subject,omitempty" description:"Only its type where subjects are searched."`
		Action   *actionForm    `json:"action,omitempty" description:"Left out where actions are searched."`
		Resource *thingForm     `json:"resource,omitempty" description:"Only its type where resources are searched."`
		Context  map[string]any `json:"context,omitempty"`
		Page     *askForm       `json:"page,omitempty"`
	}
	askForm struct {
		Token string `json:"token,omitempty" description:"The next_token of the page before."`
		Limit int    `json:"limit,omitempty" description:"How many, up to 1,000; 100 if left out."`
	}
	pageAnswer struct {
		Results []foundForm `json:"results"`
		Page    pageInfo    `json:"page"`
	}
	foundForm struct {
		Type       string         `json:"type,omitempty"`
		ID         string         `json:"id,omitempty"`
		Name       string         `json:"name,omitempty" description:"Of an action, in place of type and id."`
		Properties map[string]any `json:"properties,omitempty" description:"Of a user: sub, the id."`
	}
)

// metadataForm tells where the endpoints are.
type metadataForm struct {
	PDP         string `json:"policy_decision_point"`
	Evaluation  string `json:"access_evaluation_endpoint"`
	Evaluations string `json:"access_evaluations_endpoint"`
	Subjects    string `json:"search_subject_endpoint"`
	Resources   string `json:"search_resource_endpoint"`
	Actions     string `json:"search_action_endpoint"`
}
