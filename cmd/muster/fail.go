package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/muster-id/muster/config"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/server"
)

// The exit statuses.
const (
	exitOK = iota
	exitFailed
	exitUsage
	exitNotFound
	exitConflict
	exitDenied
)

// A usageError is a command line, or a setting, that makes no sense.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usage(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

func asUsage(err error) error { return &usageError{err} }

// errQuiet ends a command whose output has said already what is wrong.
var errQuiet = errors.New("failed")

// errDenied does the same for a command that has said that something is not
// allowed.
var errDenied = fmt.Errorf("%w: %w", errQuiet, identity.NewError(identity.Denied, "", "not allowed"))

// status returns the exit status for an error and a word for it.
func status(err error) (code int, kind string) {
	if _, ok := errors.AsType[*usageError](err); ok {
		return exitUsage, "usage"
	}
	switch k := identity.KindOf(err); k {
	case identity.Invalid:
		return exitUsage, string(k)
	case identity.NotFound:
		return exitNotFound, string(k)
	case identity.Conflict, identity.Stale:
		return exitConflict, string(k)
	case identity.Denied, identity.Unauthenticated:
		return exitDenied, string(k)
	}
	return exitFailed, "failed"
}

// fail tells what went wrong in one sentence, with a hint where there is one,
// and returns the exit status.
func (a *app) fail(err error) int {
	code, kind := status(err)
	if errors.Is(err, errQuiet) {
		return code
	}
	text, hint := err.Error(), ""
	if _, list := errors.AsType[config.Faults](err); !list {
		text = strings.Join(strings.Fields(text), " ") // drivers write several lines
	}
	if h, ok := errors.AsType[*server.Hint](err); ok {
		hint = h.Hint
	} else if code == exitUsage {
		hint = "run muster help, or a command with --help"
	}
	if errors.Is(err, context.Canceled) {
		text = "interrupted"
	}
	if a.json {
		type fault struct {
			Kind string `json:"kind"`
			Text string `json:"text"`
			Hint string `json:"hint,omitempty"`
		}
		line, _ := json.Marshal(map[string]fault{"error": {kind, text, hint}}) // strings always encode
		fmt.Fprintln(a.err, string(line))
		return code
	}
	fmt.Fprintln(a.err, "muster:", text)
	if hint != "" {
		fmt.Fprintln(a.err, "hint:", hint)
	}
	return code
}
