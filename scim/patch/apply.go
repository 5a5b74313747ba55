package patch

import "github.com/muster-id/muster/scim/schema"

// Apply carries out all operations in order on a copy of old and returns the
// new object and the edits of row attributes. On an error nothing is returned;
// old is never changed. A patch without effect returns an equal object. The
// result may share unchanged values with old.
func (p *Patch) Apply(old schema.Object) (schema.Object, []RowEdit, error) { panic("not yet") }
