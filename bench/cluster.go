package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// sharedBuffers is the one setting in which the throwaway cluster differs from
// what initdb writes: its default of 128 MB is meant for the smallest machines.
const sharedBuffers = "1GB"

// A cluster is a throwaway PostgreSQL on a free port of the loopback interface,
// durable as it is by default.
type cluster struct {
	dir, version string
	port         int
	cmd          *exec.Cmd
}

// startCluster makes a cluster in a temporary folder that stop removes.
// PostgreSQL refuses to run as root, so root lends it to the user "postgres" or,
// where there is none, "nobody".
func startCluster() (_ *cluster, err error) {
	bin, err := postgresPrograms()
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	c := &cluster{port: port}
	if c.dir, err = os.MkdirTemp("", "muster-bench-postgres"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			c.stop()
		}
	}()
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGINT}
	if os.Getuid() == 0 {
		if attr.Credential, err = ordinaryUser(); err != nil {
			return nil, err
		}
		if err := os.Chown(c.dir, int(attr.Credential.Uid), int(attr.Credential.Gid)); err != nil {
			return nil, err
		}
	}
	run := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(bin, name), args...)
		cmd.Dir = c.dir
		cmd.SysProcAttr = attr
		return cmd
	}
	if out, err := run("initdb", "-D", c.dir, "-U", "muster", "-A", "trust", "-E", "UTF8", "--locale=C").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	c.cmd = run("postgres", "-D", c.dir, "-p", strconv.Itoa(port), "-c", "listen_addresses=127.0.0.1",
		"-c", "unix_socket_directories=", "-c", "shared_buffers="+sharedBuffers)
	log, err := os.Create(filepath.Join(c.dir, "postgres.log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	c.cmd.Stdout, c.cmd.Stderr = log, log
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	if out, err := run("postgres", "--version").Output(); err == nil {
		c.version = strings.TrimSpace(strings.TrimPrefix(string(out), "postgres (PostgreSQL) "))
	}
	return c, c.await(run)
}

// await waits until the cluster answers and makes the database.
func (c *cluster) await(run func(string, ...string) *exec.Cmd) error {
	var out []byte
	err := within(startTimeout, func() (err error) {
		out, err = run("createdb", "-h", "127.0.0.1", "-p", strconv.Itoa(c.port), "-U", "muster", "muster").CombinedOutput()
		return err
	})
	if err != nil {
		return fmt.Errorf("createdb: %w\n%s", err, out)
	}
	return nil
}

func (c *cluster) url() string {
	return fmt.Sprintf("postgres://muster@127.0.0.1:%d/muster?sslmode=disable", c.port)
}

// memory is the anonymous resident memory of all processes of the cluster.
func (c *cluster) memory() (total int64) {
	for _, pid := range append(children(c.cmd.Process.Pid), c.cmd.Process.Pid) {
		n, _ := rssAnon(pid)
		total += n
	}
	return total
}

// stop ends the cluster at once and removes its files.
func (c *cluster) stop() {
	stop(c.cmd, syscall.SIGINT)
	os.RemoveAll(c.dir)
}

// postgresPrograms finds the folder of initdb and postgres: on the PATH, or
// where Debian keeps them.
func postgresPrograms() (string, error) {
	if p, err := exec.LookPath("initdb"); err == nil {
		if p, err = filepath.EvalSymlinks(p); err == nil {
			return filepath.Dir(p), nil
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return "", fmt.Errorf("initdb is not here; install PostgreSQL 15 or later, or measure -db sqlite")
	}
	return filepath.Dir(found[len(found)-1]), nil
}

func ordinaryUser() (*syscall.Credential, error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return nil, err
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, fmt.Errorf("PostgreSQL does not run as root, and there is no user postgres or nobody")
}
