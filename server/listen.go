package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"syscall"
)

// Listen takes the address. Its error says what to do where that is known.
func Listen(ctx context.Context, addr string) (net.Listener, error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", addr)
	switch {
	case err == nil:
		return ln, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, hint("stop the other program, or choose another port with --listen 127.0.0.1:8081 (port 0 takes a free one)",
			"the address %s is in use by another program", addr)
	case errors.Is(err, fs.ErrPermission):
		return nil, hint("choose a port above 1023, or give the program CAP_NET_BIND_SERVICE",
			"this user may not listen on %s", addr)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, hint("choose 127.0.0.1 for this machine alone, or leave the host out for all addresses",
			"this machine has no address %s", addr)
	}
	return nil, fmt.Errorf("listen on %s: %w", addr, err)
}
