package cloudapi

import (
	"encoding/xml"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/muster-id/muster/identity"
)

// Versions that clients can ask for, the usual one first. Only it is advertised:
// the others name the same.
var versions = []string{"40.0", "9.0.0", "9.1.0"}

// versionOf returns the version that a request accepts. One that names none gets
// the usual one.
func versionOf(r *http.Request) (string, bool) {
	named := false
	for part := range strings.SplitSeq(strings.Join(r.Header["Accept"], ","), ",") {
		_, params, err := mime.ParseMediaType(part)
		v := params["version"]
		if err != nil || v == "" {
			continue
		}
		named = true
		if slices.Contains(versions, v) {
			return v, true
		}
	}
	return versions[0], !named
}

// maxRequestID is how much of the id that a client gave its request is repeated.
const maxRequestID = 128

// requestID is the id of a request as the client sent it and as we made it.
func requestID(r *http.Request) string {
	id := r.Header.Get("X-Vmware-Vcloud-Client-Request-Id")
	ours := identity.NewID().String()
	if id = id[:min(len(id), maxRequestID)]; id == "" || strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
		return ours
	}
	return id + "-" + ours
}

// A stamp is an answer that says, when it begins, how long it took.
type stamp struct {
	http.ResponseWriter
	began time.Time
	done  bool
}

func (s *stamp) WriteHeader(status int) {
	if !s.done {
		s.done = true
		s.Header().Set("X-Vmware-Vcloud-Request-Execution-Time", strconv.FormatInt(time.Since(s.began).Milliseconds(), 10))
	}
	s.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (s *stamp) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// common sets the headers that every answer of /cloudapi has.
func (d *Door) common(w http.ResponseWriter, r *http.Request, version string) http.ResponseWriter {
	h := w.Header()
	h.Set("Content-Type", "application/json;version="+version)
	h.Set("Cache-Control", "no-store, must-revalidate")
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("Vary", "Accept-Encoding")
	h.Set("Content-Location", d.o.Public+r.URL.EscapedPath())
	h.Set("X-Vmware-Vcloud-Request-Id", requestID(r))
	if strings.HasPrefix(d.o.Public, "https:") {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	return &stamp{ResponseWriter: w, began: time.Now()}
}

// A versionInfo says where one logs in with a version.
type versionInfo struct {
	Deprecated bool   `xml:"deprecated,attr"`
	Version    string `xml:"Version"`
	Login      string `xml:"LoginUrl"`
	Provider   string `xml:"ProviderLoginUrl"`
}

// serveVersions tells which versions there are. Clients ask it before all else.
func (d *Door) serveVersions(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
	sessions := d.o.Public + "/cloudapi/1.0.0/sessions"
	text, err := xml.Marshal(struct {
		XMLName  xml.Name      `xml:"http://www.vmware.com/vcloud/versions SupportedVersions"`
		Versions []versionInfo `xml:"VersionInfo"`
	}{Versions: []versionInfo{{false, versions[0], sessions, sessions + "/provider"}}})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	w.Header().Set("Cache-Control", "no-store, must-revalidate")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, err = w.Write([]byte(xml.Header + string(text)))
	return err
}
