package vmware

import (
	"net/http"
	"strconv"

	"github.com/muster-id/muster/api/vmware/entry"
	"github.com/muster-id/muster/web"
)

// A cspError is an error of this API.
type cspError struct {
	CSPCode    string `json:"cspErrorCode"`
	Code       string `json:"errorCode"`
	Message    string `json:"message"`
	ModuleCode int    `json:"moduleCode"`
	RequestID  string `json:"requestId"`
	StatusCode int    `json:"statusCode"`
}

// fail answers with an error.
func (d *Door) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := entry.ProblemOf(w, r, err)
	w.Header().Set("Content-Type", "application/json")
	web.JSON(w, p.Status, cspError{
		CSPCode: strconv.Itoa(p.Status), Code: p.Code, Message: p.Text, RequestID: web.RequestID(r.Context()), StatusCode: p.Status,
	})
}
