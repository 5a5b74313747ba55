package main

import (
	"os"
	"runtime/debug"
)

// tuneMemory sets what the garbage collector aims at, unless the environment
// says it: a heap that may grow by half before it is collected keeps an idle
// server small and costs a busy one little.
func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(100)
	}
}
