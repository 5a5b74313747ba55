package ui

import (
	"io/fs"

	"github.com/muster-id/muster/locale"
)

// Open is Room for a package that keeps its templates and its words in folders
// of those names.
func (u *UI) Open(files fs.FS) (*Room, error) {
	words, err := locale.New(files, "words")
	if err != nil {
		return nil, err
	}
	return u.Room(files, "templates", words)
}

// Languages returns the languages of all pages as BCP 47 tags, English first.
func (u *UI) Languages() []string { return locale.Tags() }
