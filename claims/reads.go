package claims

import (
	"context"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

type reads interface {
	Verified(context.Context, identity.OrgID, identity.ID) (map[string]time.Time, error)
	OrgSetting(context.Context, identity.OrgID, string) ([]byte, error)
	PutOrgSetting(context.Context, identity.OrgID, string, []byte) error
}

func of(tx *store.Tx) reads { return any(tx).(reads) }
