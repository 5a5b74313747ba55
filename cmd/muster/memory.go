package main

import "os"

// ballast is memory that is never touched, and so takes no room. The garbage
// collector lets the heap grow by the size of what it found alive; what a
// server keeps alive is so little that it would collect many times a second.
// With the ballast it lets some 16 MiB pass between two collections, while a
// heap that has become large still at most doubles.
var ballast []byte

const ballastSize = 16 << 20

// tuneMemory makes the collector work less often, unless the environment says
// how it is to work.
func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		ballast = make([]byte, ballastSize)
	}
}
