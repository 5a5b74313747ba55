package store

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/muster-id/muster/identity"
)

const (
	insertJob = `
INSERT INTO job (org_id, id, kind, due, tries, created, finished, failed, error, sealed, subject, note)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`
	jobColumns = `org_id, id, kind, due, tries, created, finished, failed, error, sealed, subject, note`
	getJob     = `SELECT ` + jobColumns + ` FROM job WHERE org_id = $1 AND id = $2`
	listJobs   = `SELECT ` + jobColumns + ` FROM job WHERE org_id = $1 AND id < $2`

	// Who works looks after every organisation.
	nextJob  = `SELECT due FROM job WHERE finished = 0 AND kind IN (`
	dueJobs  = `SELECT ` + jobColumns + ` FROM job WHERE finished = 0 AND due <= $1 AND kind IN (`
	claimJob = `
UPDATE job
   SET due = $1, tries = tries + 1
 WHERE org_id = $2 AND id = $3 AND due = $4 AND finished = 0`
	finishJob = `UPDATE job SET finished = $1, failed = $2, error = $3 WHERE org_id = $4 AND id = $5 AND finished = 0`
	retryJob  = `UPDATE job SET due = $1, error = $2 WHERE org_id = $3 AND id = $4 AND finished = 0`
)

func scanJob(r Rows) identity.Job {
	s := scan(r)
	return identity.Job{
		Org: s.org(), ID: s.id(), Kind: s.text(), Due: s.time(), Tries: s.int(), Created: s.time(), Finished: s.time(),
		Failed: s.bool(), Error: s.text(), Sealed: s.bytes(), Subject: s.id(), Note: s.text(),
	}
}

// InsertJob stores a new job.
func (tx *Tx) InsertJob(ctx context.Context, j identity.Job) error {
	err := tx.queue(ctx, insertJob, j.Org, j.ID, j.Kind, millis(j.Due), j.Tries, millis(j.Created), millis(j.Finished),
		number(j.Failed), clean(j.Error), blob(j.Sealed), nullableID(j.Subject), clean(j.Note))
	return wrap(err, "insert job %s", j.ID)
}

// NextJob returns when the next job of some kinds is due, in whatever
// organisation; ok is false if there is none.
func (tx *Tx) NextJob(ctx context.Context, kinds []string) (due time.Time, ok bool, err error) {
	if len(kinds) == 0 {
		return due, false, nil
	}
	list, args := listParams(1, kinds)
	err = tx.each(ctx, func(r Rows) error {
		due, ok = scan(r).time(), true
		return nil
	}, nextJob+list+`) ORDER BY due LIMIT 1`, args...)
	return due, ok, wrap(err, "look for the next job")
}

// ClaimJobs gives the caller jobs of some kinds that are due at now, in whatever
// organisation, and counts a try of each. Unless the caller says what came of
// one, it is due again at until.
func (tx *Tx) ClaimJobs(ctx context.Context, kinds []string, now, until time.Time, limit int) ([]identity.Job, error) {
	if len(kinds) == 0 {
		return nil, nil
	}
	list, args := listParams(3, kinds)
	all, err := rowsOf(ctx, tx, scanJob, dueJobs+list+`) ORDER BY due LIMIT $2`, slices.Concat([]any{millis(now), limit}, args)...)
	var claimed []identity.Job
	for _, j := range all {
		if err != nil {
			break
		}
		var n int64
		n, err = tx.exec(ctx, claimJob, millis(until), j.Org, j.ID, millis(j.Due))
		if n == 1 {
			j.Due, j.Tries = until, j.Tries+1
			claimed = append(claimed, j)
		}
	}
	return claimed, wrap(err, "claim jobs")
}

// FinishJob marks a job as done; NotFound if it is not there or is finished.
func (tx *Tx) FinishJob(ctx context.Context, org identity.OrgID, id identity.ID, at time.Time) error {
	return wrap(tx.execOne(ctx, "job", finishJob, millis(at), int64(0), "", org, id), "finish job %s", id)
}

// FailJob gives a job up; NotFound if it is not there or is finished.
func (tx *Tx) FailJob(ctx context.Context, org identity.OrgID, id identity.ID, at time.Time, why string) error {
	return wrap(tx.execOne(ctx, "job", finishJob, millis(at), int64(1), clean(why), org, id), "give up job %s", id)
}

// RetryJob makes a job due again; NotFound if it is not there or is finished.
func (tx *Tx) RetryJob(ctx context.Context, org identity.OrgID, id identity.ID, due time.Time, why string) error {
	return wrap(tx.execOne(ctx, "job", retryJob, millis(due), clean(why), org, id), "put off job %s", id)
}

// Job returns one job or NotFound.
func (tx *Tx) Job(ctx context.Context, org identity.OrgID, id identity.ID) (j identity.Job, err error) {
	j, err = rowOf(ctx, tx, "job", scanJob, getJob, org, id)
	return j, wrap(err, "read job %s", id)
}

// Jobs lists the jobs of an organisation, of one kind or of all if kind is "",
// the newest first, after the given one.
func (tx *Tx) Jobs(ctx context.Context, org identity.OrgID, kind string, after identity.ID, limit int) (list []identity.Job, err error) {
	if after.IsZero() {
		after = identity.ID(bytes.Repeat([]byte{0xff}, len(after)))
	}
	sql, args := listJobs, []any{org, after}
	if kind != "" {
		sql, args = sql+` AND kind = $3`, append(args, kind)
	}
	list, err = rowsOf(ctx, tx, scanJob, sql+` ORDER BY id DESC LIMIT `+params(len(args)+1, 1), append(args, limit)...)
	return list, wrap(err, "list jobs")
}
