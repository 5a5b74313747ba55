package filter

// String returns the name as it stands in a filter.
func (a AttrPath) String() string { panic("not yet") }

// String returns the path in a form that parses to the same path.
func (p Path) String() string { panic("not yet") }

func (e *And) String() string     { panic("not yet") }
func (e *Or) String() string      { panic("not yet") }
func (e *Not) String() string     { panic("not yet") }
func (e *Compare) String() string { panic("not yet") }
func (e *Has) String() string     { panic("not yet") }

func (*And) expr()     {}
func (*Or) expr()      {}
func (*Not) expr()     {}
func (*Compare) expr() {}
func (*Has) expr()     {}
