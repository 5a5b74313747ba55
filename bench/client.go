package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"
)

// A conn is one keep-alive HTTP/1.1 connection that sends a request when the
// answer to the one before it is read. It reuses its buffers, so that the client
// takes little of the processors that it shares with the server.
type conn struct {
	c    net.Conn
	buf  []byte // what is read and not used yet is buf[r:w]
	r, w int
	body []byte // of a chunked answer
}

// answerTimeout bounds the wait for one answer.
const answerTimeout = 2 * time.Minute

func dial(addr string) (*conn, error) {
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return nil, err
	}
	return &conn{c: c, buf: make([]byte, 64<<10)}, nil
}

func (c *conn) close() { c.c.Close() }

// do sends the request and reads the answer. The body is valid until the next
// call.
func (c *conn) do(request []byte) (status int, body []byte, err error) {
	if err := c.c.SetDeadline(time.Now().Add(answerTimeout)); err != nil {
		return 0, nil, err
	}
	if _, err := c.c.Write(request); err != nil {
		return 0, nil, err
	}
	head, err := c.until([]byte("\r\n\r\n"))
	if err != nil {
		return 0, nil, err
	}
	status, length, chunked, err := readHead(head)
	switch {
	case err != nil:
		return 0, nil, err
	case chunked:
		body, err = c.chunks()
	case status == 204 || status == 304 || length == 0:
		return status, nil, nil
	case length < 0:
		return 0, nil, errors.New("an answer with neither Content-Length nor chunks")
	default:
		body, err = c.next(length)
	}
	return status, body, err
}

// readHead reads the status line and the two fields that say how long the body
// is. length is -1 without Content-Length.
func readHead(head []byte) (status, length int, chunked bool, err error) {
	if len(head) < 12 || !bytes.HasPrefix(head, []byte("HTTP/1.1 ")) {
		return 0, 0, false, fmt.Errorf("not an HTTP/1.1 answer: %.40q", head)
	}
	if status, err = strconv.Atoi(string(head[9:12])); err != nil {
		return 0, 0, false, fmt.Errorf("status line %.40q: %w", head, err)
	}
	length = -1
	for len(head) > 0 {
		var field []byte
		field, head, _ = bytes.Cut(head, []byte("\r\n"))
		switch {
		case hasName(field, "content-length:"):
			n, err := strconv.ParseUint(string(bytes.TrimSpace(field[15:])), 10, 31)
			if err != nil {
				return 0, 0, false, fmt.Errorf("field %q: %w", field, err)
			}
			length = int(n)
		case hasName(field, "transfer-encoding:"):
			chunked = bytes.Contains(field, []byte("chunked"))
		}
	}
	return status, length, chunked, nil
}

// hasName reports whether a header field has the given name, which is written
// in lower case with its colon.
func hasName(field []byte, name string) bool {
	return len(field) >= len(name) && bytes.EqualFold(field[:len(name)], []byte(name))
}

// until returns the bytes up to and with end.
func (c *conn) until(end []byte) ([]byte, error) {
	seen := 0
	for {
		if i := bytes.Index(c.buf[c.r+seen:c.w], end); i >= 0 {
			got := c.buf[c.r : c.r+seen+i+len(end)]
			c.r += len(got)
			return got, nil
		}
		seen = max(0, c.w-c.r-len(end)+1)
		if err := c.fill(1); err != nil {
			return nil, err
		}
	}
}

// next returns the next n bytes.
func (c *conn) next(n int) ([]byte, error) {
	if missing := n - (c.w - c.r); missing > 0 {
		if err := c.fill(missing); err != nil {
			return nil, err
		}
	}
	got := c.buf[c.r : c.r+n]
	c.r += n
	return got, nil
}

// fill reads at least n more bytes; those that are not used yet move to the
// front of the buffer, which grows when it must.
func (c *conn) fill(n int) error {
	if c.r == c.w {
		c.r, c.w = 0, 0
	}
	if len(c.buf)-c.w < n {
		to := c.buf
		if c.w-c.r+n > len(c.buf) {
			to = make([]byte, 2*(c.w-c.r+n))
		}
		c.w = copy(to, c.buf[c.r:c.w])
		c.r, c.buf = 0, to
	}
	for n > 0 {
		got, err := c.c.Read(c.buf[c.w:])
		c.w += got
		n -= got
		if err != nil && n > 0 {
			return fmt.Errorf("read the answer: %w", err)
		}
	}
	return nil
}

// chunks reads a chunked body.
func (c *conn) chunks() ([]byte, error) {
	c.body = c.body[:0]
	for {
		line, err := c.until([]byte("\r\n"))
		if err != nil {
			return nil, err
		}
		size, err := strconv.ParseUint(string(bytes.TrimSpace(line)), 16, 31)
		if err != nil {
			return nil, fmt.Errorf("chunk size %q: %w", line, err)
		}
		data, err := c.next(int(size) + 2)
		if err != nil {
			return nil, err
		}
		if size == 0 {
			return c.body, nil
		}
		c.body = append(c.body, data[:size]...)
	}
}
