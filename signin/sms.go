package signin

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/jobs"
	"github.com/muster-id/muster/store"
)

// Post sends a body to a server that an organisation named, by its rules for
// such calls, and returns the status of the answer.
type Post func(ctx context.Context, url string, header http.Header, body []byte) (status int, err error)

// SignatureHeader carries the signature of a webhook: "t=", the Unix time, ",v1="
// and the HMAC-SHA256 of the time, a full stop and the body, in hex, under the
// secret of the policy.
const SignatureHeader = "Muster-Signature"

// An sms is a text to send.
type sms struct {
	To    string
	Text  string
	Until time.Time
}

// addSMS has a text sent.
func (s *Service) addSMS(ctx context.Context, tx *store.Tx, org identity.Organisation, user identity.ID, to, text string, until time.Time) error {
	return s.jobs.Add(ctx, tx, jobs.NewJob{
		Org: org.ID, Kind: KindSMS, Subject: user, Note: "SMS to " + maskPhone(to), Body: sms{To: to, Text: text, Until: until},
	})
}

// sendSMS is the handler of KindSMS.
func (s *Service) sendSMS(ctx context.Context, j identity.Job, body []byte, post Post) error {
	var m sms
	if err := json.Unmarshal(body, &m); err != nil {
		return jobs.Give{Err: err}
	}
	if !s.now().Before(m.Until) {
		return jobs.Give{Err: fmt.Errorf("the code was too old to be sent")}
	}
	policy, err := s.policy(ctx, j.Org)
	if err != nil {
		return err
	}
	if policy.SMSWebhook == "" || post == nil {
		return jobs.Give{Err: fmt.Errorf("the organisation has no service for SMS")}
	}
	var org identity.Organisation
	err = s.db.View(ctx, func(tx *store.Tx) error {
		org, err = tx.Organisation(ctx, j.Org)
		return err
	})
	if err != nil {
		return err
	}
	payload, err := json.Marshal(struct {
		To   string `json:"to"`
		Text string `json:"text"`
		Org  string `json:"org"`
	}{m.To, m.Text, org.Slug})
	if err != nil {
		return err
	}
	header := http.Header{"Content-Type": {"application/json"}}
	if policy.SMSSecret != "" {
		key, err := s.smsSecret(policy)
		if err != nil {
			return err
		}
		header.Set(SignatureHeader, sign(key, s.now(), payload))
	}
	status, err := post(ctx, policy.SMSWebhook, header, payload)
	if err != nil {
		return err
	}
	if status < 200 || status > 299 {
		return fmt.Errorf("the service for SMS answered %d", status)
	}
	return nil
}

// smsSecret opens the secret of the webhook.
func (s *Service) smsSecret(p Policy) ([]byte, error) {
	sealed, err := base64.StdEncoding.DecodeString(p.SMSSecret)
	if err != nil {
		return nil, err
	}
	return s.keys.Open(sealSMS, sealed)
}

// sign makes the value of SignatureHeader.
func sign(key []byte, at time.Time, body []byte) string {
	h := hmac.New(sha256.New, key)
	fmt.Fprintf(h, "%d.%s", at.Unix(), body)
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(h.Sum(nil)))
}

// texts are what a message with a code says, by language.
var texts = map[string]string{
	"en": "%s is your code for %s. Do not give it to anybody.",
	"de": "%s ist Ihr Code für %s. Geben Sie ihn niemandem.",
	"nl": "%s is je code voor %s. Geef hem aan niemand.",
	"fr": "%s est votre code pour %s. Ne le donnez à personne.",
	"es": "%s es su código para %s. No se lo dé a nadie.",
	"pt": "%s é o seu código para %s. Não o dê a ninguém.",
	"ar": "%s هو رمزك لـ %s. لا تعطه لأحد.",
}

// smsText writes a message with a code.
func smsText(lang, org, code string) string {
	lang, _, _ = strings.Cut(strings.ReplaceAll(strings.ToLower(lang), "_", "-"), "-")
	text, ok := texts[lang]
	if !ok {
		text = texts["en"]
	}
	return fmt.Sprintf(text, code, org)
}
