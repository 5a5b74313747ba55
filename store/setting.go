package store

import (
	"context"
	"sync"
	"time"
)

const (
	getSetting = `SELECT value FROM setting WHERE name = $1`
	addSetting = `INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`
	putSetting = `
INSERT INTO setting (name, value) VALUES ($1, $2)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value`
	getEpoch  = `SELECT n FROM epoch WHERE id = 1`
	bumpEpoch = `UPDATE epoch SET n = n + 1 WHERE id = 1`
)

// Setting returns a setting of the installation, nil if it is not set.
func (tx *Tx) Setting(ctx context.Context, key string) ([]byte, error) {
	var value []byte
	err := tx.each(ctx, func(r Rows) error {
		value = scan(r).bytes()
		return nil
	}, getSetting, key)
	return value, wrap(err, "read setting %s", key)
}

// PutSetting stores a setting of the installation.
func (tx *Tx) PutSetting(ctx context.Context, key string, value []byte) error {
	if value == nil {
		value = []byte{}
	}
	_, err := tx.exec(ctx, putSetting, key, value)
	return wrap(err, "store setting %s", key)
}

// An epoch remembers the number that every administrative change counts up.
type epoch struct {
	lock    sync.Mutex
	value   uint64
	mark    uint64    // of the driver, when value was read
	looked  time.Time // when the mark was asked for
	read    time.Time // when value was read
	unknown bool      // our own change has just been committed
}

// The database is asked for its mark, and at most so often for the number.
const (
	markAge  = 10 * time.Millisecond
	epochAge = time.Second
)

func (e *epoch) forget() {
	e.lock.Lock()
	defer e.lock.Unlock()
	e.unknown = true
}

// Epoch returns a number that changes when organisations, connections, tokens or
// schemas may have changed, also by another process. It is cheap enough to be
// asked with every request; a change by another node is seen within a second.
func (db *DB) Epoch(ctx context.Context) (uint64, error) {
	e := &db.epoch
	e.lock.Lock()
	defer e.lock.Unlock()
	now := time.Now()
	fresh := !e.unknown && !e.read.IsZero()
	if fresh && now.Sub(e.looked) < markAge {
		return e.value, nil
	}
	mark, err := db.driver.Mark(ctx)
	if err != nil {
		return 0, err
	}
	e.looked = now
	if fresh && mark == e.mark && now.Sub(e.read) < epochAge {
		return e.value, nil
	}
	err = db.View(ctx, func(tx *Tx) error {
		return tx.each(ctx, func(r Rows) error {
			e.value = uint64(r.Int(0))
			return nil
		}, getEpoch)
	})
	if err != nil {
		return 0, wrap(err, "read the epoch")
	}
	e.mark, e.read, e.unknown = mark, now, false
	return e.value, nil
}
