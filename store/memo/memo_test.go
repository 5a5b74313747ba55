package memo

import "testing"

func TestMapForgets(t *testing.T) {
	m := Map[int, string]{Max: 3}
	m.Put(1, 1, "one")
	if v, ok := m.Get(1, 1); !ok || v != "one" {
		t.Errorf("Get = %q, %v", v, ok)
	}
	if m.Has(2, 1) {
		t.Error("an entry outlived its epoch")
	}
	for i := range 100 {
		m.Put(2, i, "x")
		if len(m.known) > 3 {
			t.Fatalf("%d entries, want 3 at most", len(m.known))
		}
	}
	if !m.Has(2, 99) {
		t.Error("the newest entry is gone")
	}
}
