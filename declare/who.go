package declare

import (
	"cmp"
	"context"
	"time"

	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
)

// normalConnection also finds what cannot be changed.
func (m *maker) normalConnection(v Connection) Connection {
	v.Dialect, v.User = cmp.Or(v.Dialect, "rfc"), m.w.spelled(kindUser, v.User)
	for _, old := range m.w.doc.Connections {
		want, have := v, old
		want.Disabled, have.Disabled = nil, nil
		if old.Name != v.Name {
			continue
		}
		for _, d := range differences(kindConnection, fields(want), fields(have)) {
			m.fault(m.o, kindConnection, v.Name, "connection "+v.Name+" cannot be changed ("+d+"); give it another name, or delete it first")
		}
	}
	return v
}

// putConnection makes a connection, or shuts one out or lets it in.
func (m *maker) putConnection(ctx context.Context, v Connection) (secret string, err error) {
	id, ok := m.w.id(kindConnection, v.Name)
	if !ok {
		n := directory.NewConnection{Name: v.Name, Dialect: v.Dialect, Domain: v.Domain, Rate: v.Rate, Access: v.Access}
		if v.User != "" {
			if n.User, err = m.need(kindUser, v.User); err != nil {
				return "", err
			}
		}
		made, token, err := m.s.o.Directory.CreateConnection(ctx, m.by(), m.w.org.ID, n)
		if err != nil {
			return "", err
		}
		id, secret = made.ID, token.Text
		m.w.note(kindConnection, v.Name, id)
	}
	if v.Disabled != nil {
		err = m.s.o.Directory.DisableConnection(ctx, m.by(), m.w.org.ID, id, *v.Disabled)
	}
	return secret, err
}

func (m *maker) dropConnection(ctx context.Context, id identity.ID) error {
	return m.s.o.Directory.DeleteConnection(ctx, m.by(), m.w.org.ID, id)
}

// alive lists the assignments of the file that have not ended. Those that have
// are as good as not there: they go if somebody has them still.
func (m *maker) alive() []Assignment {
	if m.o.Assignments == nil {
		return nil
	}
	out := []Assignment{}
	for _, v := range m.o.Assignments {
		end, _ := v.end() // checked when it was read
		if end.IsZero() || end.After(m.s.now()) {
			out = append(out, v)
			continue
		}
		v = m.normalAssignment(v)
		for _, have := range m.w.doc.Assignments {
			if !m.prune && have.key() == v.key() {
				m.remove(kindAssignment, v.key(), m.dropAssignment)
			}
		}
	}
	return out
}

func (m *maker) normalAssignment(v Assignment) Assignment {
	v.Role, v.User, v.Group = m.w.spelled(kindRole, v.Role), m.w.spelled(kindUser, v.User), m.w.spelled(kindGroup, v.Group)
	if end, _ := v.end(); !end.IsZero() { // checked when it was read
		v.Expires = end.Format(time.RFC3339Nano)
	}
	if id, _ := m.w.id(kindRole, v.Role); id == identity.PlatformOperator {
		v.Inherited = true // always
	}
	return v
}

func (m *maker) putAssignment(ctx context.Context, v Assignment) (err error) {
	a := identity.Assignment{Inherited: v.Inherited}
	if a.Role, err = m.need(kindRole, v.Role); err != nil {
		return err
	}
	switch {
	case v.User != "":
		a.Type = identity.UserSubject
		a.Subject, err = m.need(kindUser, v.User)
	case v.Group != "":
		a.Type = identity.GroupSubject
		a.Subject, err = m.need(kindGroup, v.Group)
	default:
		a.Type = identity.AppSubject
		a.Subject, err = m.need(kindApp, v.App)
	}
	if err == nil {
		a.Expires, err = v.end()
	}
	if err == nil {
		_, err = m.s.o.Access.Assign(ctx, m.by(), a)
	}
	return err
}

func (m *maker) dropAssignment(ctx context.Context, id identity.ID) error {
	return m.s.o.Access.Unassign(ctx, m.by(), id)
}
