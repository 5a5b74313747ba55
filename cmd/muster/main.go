// Command muster is an identity server in one binary: it serves, and it works
// on what is served. Run "muster help" for its commands.
package main

import (
	"context"
	"os"
)

// version is set by the linker for a release.
var version string

func main() {
	a := &app{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Environ()}
	os.Exit(a.run(context.Background(), os.Args[1:]))
}
