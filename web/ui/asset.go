package ui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

//go:embed layout templates words css js img
var files embed.FS

// assets are the files that browsers fetch. Each is served under a name with a
// hash of its content, and so for ever.
type assets struct {
	byName map[string]string // "style.css" → "style.3q2-7w.css"
	byPath map[string]asset
}

// An asset is one file in both encodings.
type asset struct {
	kind         string
	plain, gzip_ []byte
}

// newAssets puts the style sheets together and hashes all assets.
func newAssets() (*assets, error) {
	a := &assets{byName: map[string]string{}, byPath: map[string]asset{}}
	sheets, err := fs.Glob(files, "css/*.css")
	if err != nil {
		return nil, err
	}
	var style bytes.Buffer
	for _, name := range sheets {
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		style.Write(text)
	}
	if err := a.add("style.css", style.Bytes()); err != nil {
		return nil, err
	}
	for _, dir := range []string{"js", "img"} {
		list, err := files.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		for _, f := range list {
			text, err := files.ReadFile(path.Join(dir, f.Name()))
			if err != nil {
				return nil, err
			}
			if err := a.add(f.Name(), text); err != nil {
				return nil, err
			}
		}
	}
	return a, nil
}

func (a *assets) add(name string, text []byte) error {
	ext := path.Ext(name)
	kind := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}[ext]
	if kind == "" {
		kind = mime.TypeByExtension(ext)
	}
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(text); err != nil {
		return fmt.Errorf("pack %s: %w", name, err)
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("pack %s: %w", name, err)
	}
	sum := sha256.Sum256(text)
	hashed := strings.TrimSuffix(name, ext) + "." + base64.RawURLEncoding.EncodeToString(sum[:9]) + ext
	a.byName[name] = hashed
	a.byPath[hashed] = asset{kind, text, packed.Bytes()}
	return nil
}

// path returns where an asset is served. It panics for one that does not exist:
// the templates are part of the program.
func (a *assets) path(name string) string {
	hashed, ok := a.byName[name]
	if !ok {
		panic("ui: no asset " + name)
	}
	return "/assets/" + hashed
}

// ServeHTTP implements http.Handler.
func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := a.byPath[r.PathValue("file")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Vary", "Accept-Encoding")
	body := f.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = f.gzip_
	}
	w.Write(body) //nolint:errcheck // the client is gone
}
