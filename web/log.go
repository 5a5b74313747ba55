package web

import (
	"context"
	"log/slog"
)

// WithRequest makes a log handler that adds the ids of the request to every
// record that is logged with its context, so that lines of deeper floors can be
// found by the id that the client was told.
func WithRequest(h slog.Handler) slog.Handler { return requestHandler{h} }

type requestHandler struct{ slog.Handler }

// Handle implements slog.Handler.
func (h requestHandler) Handle(ctx context.Context, r slog.Record) error {
	if q := from(ctx); q != nil && !has(r, "request_id") {
		r.AddAttrs(slog.String("request_id", q.id))
		if !q.trace.IsZero() {
			r.AddAttrs(slog.String("trace_id", q.trace.String()))
		}
	}
	return h.Handler.Handle(ctx, r)
}

func has(r slog.Record, key string) bool {
	found := false
	r.Attrs(func(a slog.Attr) bool {
		found = a.Key == key
		return !found
	})
	return found
}

// WithAttrs implements slog.Handler.
func (h requestHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return requestHandler{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h requestHandler) WithGroup(name string) slog.Handler {
	return requestHandler{h.Handler.WithGroup(name)}
}
