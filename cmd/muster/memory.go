package main

import "os"

// ballastSize is how much a server allocates between two collections beyond
// what it keeps alive.
const ballastSize = 16 << 20

// newBallast returns memory that is never touched, and so takes no room, for as
// long as the caller keeps it. The garbage collector lets the heap grow by the
// size of what it found alive; what a server keeps alive is so little that it
// would collect many times a second. With the ballast it lets some more pass,
// while a heap that has become large still at most doubles. It returns nil when
// the environment says how the collector is to work.
func newBallast() []byte {
	if os.Getenv("GOGC") != "" {
		return nil
	}
	return make([]byte, ballastSize)
}
