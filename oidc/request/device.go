package request

import (
	"context"
	"crypto/rand"
	"math/big"
	"strings"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/token"
)

// DeviceInterval is how long a device waits between two questions.
const DeviceInterval = 5 * time.Second

// A Device is one that asked to be let in by a person at another screen (RFC
// 8628).
type Device struct {
	App       identity.ID          `json:"app"`
	Scopes    []string             `json:"scopes"`
	Resources []string             `json:"resources,omitempty"`
	Asked     time.Time            `json:"asked"`
	Agent     string               `json:"agent,omitempty"`   // of the device
	Address   string               `json:"address,omitempty"` // of the device
	UserCode  string               `json:"user_code"`
	Polled    time.Time            `json:"polled,omitzero"`
	Slow      int                  `json:"slow,omitempty"` // times that it asked too often
	Decision  string               `json:"decision,omitempty"`
	Allowed   *token.Authorization `json:"allowed,omitempty"`

	name string // hash of the device code, as text
}

// The decisions about a device; "" is none yet.
const (
	DeviceAllowed = "allowed"
	DeviceDenied  = "denied"
)

// letters of codes that people type: none that looks like another, no vowels
// that make words.
const letters = "BCDFGHJKLMNPQRSTVWXZ"

// NewDevice keeps a device that waits. It returns the code that the device keeps
// and the one that it shows, "BCDF-GHJK".
func (d *Desk) NewDevice(ctx context.Context, org identity.Organisation, in Device, lifetime time.Duration) (deviceCode, userCode string, err error) {
	now := d.now()
	deviceCode = NewName()
	in.Asked, in.Decision, in.Allowed = now, "", nil
	for range 3 {
		in.UserCode = newUserCode()
		err = d.putDevice(ctx, org.ID, deviceCode, in, now.Add(lifetime))
		if identity.KindOf(err) != identity.Conflict {
			break
		}
	}
	return deviceCode, in.UserCode, err
}

func (d *Desk) putDevice(ctx context.Context, org identity.OrgID, deviceCode string, in Device, expires time.Time) error {
	data, err := d.seal(kindDevice, in)
	if err != nil {
		return err
	}
	hash := d.hash(kindDevice, deviceCode)
	return d.db.Update(ctx, func(tx *store.Tx) error {
		a := identity.Artefact{Org: org, Kind: kindDevice, Hash: hash, Subject: in.App, Created: d.now(), Expires: expires, Data: data}
		if err := tx.PutArtefact(ctx, a); err != nil {
			return err
		}
		a.Kind, a.Hash, a.Data = kindUserCode, d.hash(kindUserCode, plainCode(in.UserCode)), hash
		return tx.PutArtefact(ctx, a)
	})
}

func newUserCode() string {
	var b strings.Builder
	for i := range 8 {
		if i == 4 {
			b.WriteByte('-')
		}
		n, _ := rand.Int(rand.Reader, big.NewInt(int64(len(letters)))) // never fails since Go 1.24
		b.WriteByte(letters[n.Int64()])
	}
	return b.String()
}

// plainCode is a code as it is looked up, however it was typed.
func plainCode(typed string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(letters, r) {
			return r
		}
		return -1
	}, strings.ToUpper(typed))
}

// deviceByUserCode finds a device that waits for a decision.
func (d *Desk) deviceByUserCode(ctx context.Context, org identity.Organisation, typed string) (dev *Device, err error) {
	gone := identity.NewError(identity.NotFound, "user_code", "There is no such code, or it is too old.")
	plain := plainCode(typed)
	if len(plain) != 8 || len(typed) > 64 {
		return nil, gone
	}
	err = d.db.View(ctx, func(tx *store.Tx) error {
		byCode, err := tx.Artefact(ctx, org.ID, kindUserCode, d.hash(kindUserCode, plain))
		if err != nil {
			return err
		}
		a, err := tx.Artefact(ctx, org.ID, kindDevice, byCode.Data)
		if err != nil {
			return err
		}
		dev = &Device{name: string(byCode.Data)}
		if !a.Alive(d.now()) || !byCode.Alive(d.now()) {
			return gone
		}
		return d.unseal(kindDevice, a.Data, dev)
	})
	if identity.KindOf(err) == identity.NotFound || err == nil && dev.Decision != "" {
		return nil, gone
	}
	return dev, err
}

// Decide lets a device in, or with nil keeps it out. It is NotFound when
// somebody has decided before or it is too late.
func (d *Desk) Decide(ctx context.Context, org identity.Organisation, dev *Device, allow *token.Authorization) error {
	return d.changeDevice(ctx, org, []byte(dev.name), func(in *Device) error {
		if in.Decision != "" {
			return identity.NewError(identity.NotFound, "user_code", "Somebody has decided already.")
		}
		in.Decision, in.Allowed = DeviceDenied, allow
		if allow != nil {
			in.Decision = DeviceAllowed
		}
		return nil
	})
}

// changeDevice reads a device, changes it and writes it if nobody was faster.
func (d *Desk) changeDevice(ctx context.Context, org identity.Organisation, hash []byte, change func(*Device) error) error {
	now := d.now()
	return d.db.Update(ctx, func(tx *store.Tx) error {
		a, err := tx.Artefact(ctx, org.ID, kindDevice, hash)
		if err != nil {
			return err
		}
		if !a.Alive(now) {
			return identity.NewError(identity.NotFound, "", "The device has waited too long.")
		}
		var in Device
		if err := d.unseal(kindDevice, a.Data, &in); err != nil {
			return err
		}
		if err := change(&in); err != nil {
			return err
		}
		if a.Data, err = d.seal(kindDevice, in); err != nil {
			return err
		}
		return tx.UpdateArtefact(ctx, a)
	})
}

// Poll answers a device that asks whether it may come in (RFC 8628 section 3.5):
// with what it was allowed, exactly once, or with an *Error.
func (d *Desk) Poll(ctx context.Context, org identity.Organisation, a *identity.App, deviceCode string) (*token.Authorization, error) {
	var in Device
	art, err := d.get(ctx, kindDevice, org.ID, deviceCode, &in)
	switch k := identity.KindOf(err); {
	case k == identity.NotFound || err == nil && (in.App != a.ID || !art.Consumed.IsZero()):
		return nil, deviceError("invalid_grant", "There is no such device_code, or it was used.")
	case err != nil:
		return nil, err
	case !d.now().Before(art.Expires):
		return nil, deviceError("expired_token", "The device has waited too long.")
	}
	switch in.Decision {
	case DeviceDenied:
		return nil, deviceError("access_denied", "The person said no.")
	case DeviceAllowed:
		err := d.consume(ctx, kindDevice, org.ID, deviceCode, &in)
		if k := identity.KindOf(err); k == identity.NotFound || k == identity.Conflict {
			return nil, deviceError("invalid_grant", "The device_code was used.")
		}
		return in.Allowed, err
	}
	return nil, d.notYet(ctx, org, deviceCode)
}

// notYet remembers when a device asked, and slows down one that asks too often:
// each time by one interval more.
func (d *Desk) notYet(ctx context.Context, org identity.Organisation, deviceCode string) error {
	out := deviceError("authorization_pending", "Nobody has decided yet.")
	now := d.now()
	err := d.changeDevice(ctx, org, d.hash(kindDevice, deviceCode), func(in *Device) error {
		out = deviceError("authorization_pending", "Nobody has decided yet.")
		if !in.Polled.IsZero() && now.Sub(in.Polled) < DeviceInterval*time.Duration(1+in.Slow)-time.Second/2 {
			in.Slow = min(in.Slow+1, 12)
			out = deviceError("slow_down", "Ask every "+(DeviceInterval*time.Duration(1+in.Slow)).String()+".")
		}
		in.Polled = now
		return nil
	})
	if k := identity.KindOf(err); err != nil && k != identity.Stale && k != identity.NotFound {
		return err
	}
	return out
}

func deviceError(code, text string) *Error {
	return &Error{Code: code, Text: text, Place: OnPage, Ref: "RFC 8628 section 3.5"}
}
