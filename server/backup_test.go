package server_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/muster-id/muster/server"
)

// TestBackupIsPrivate makes a backup where somebody has laid files under the
// names that it uses on its way.
func TestBackupIsPrivate(t *testing.T) {
	cfg := settings(t, "", nil)
	ctx := context.Background()
	h, err := server.OpenHouse(ctx, cfg, slog.New(slog.DiscardHandler), server.Create)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	for phrase, lay := range map[string]func(part string) error{
		"nothing":                  func(string) error { return nil },
		"a file that all may read": func(part string) error { return os.WriteFile(part, nil, 0o644) },
		"a link to elsewhere":      func(part string) error { return os.Symlink(elsewhere, part) },
	} {
		t.Run(phrase, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "a.backup")
			if err := lay(file + ".part"); err != nil {
				t.Fatal(err)
			}
			if _, err := server.CreateBackup(ctx, cfg, file); err != nil {
				t.Fatal(err)
			}
			info, err := os.Lstat(file)
			if err != nil || info.Mode() != 0o600 {
				t.Errorf("the backup: mode %v, %v, want a file of mode 0600", info.Mode(), err)
			}
			if _, err := os.Lstat(elsewhere); err == nil {
				t.Error("the copy was written through the link")
			}
		})
	}
}
