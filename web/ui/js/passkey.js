// Passkeys: the one thing that needs a script. A form says data-passkey="get" or
// "create" and carries the server's options in data-options; the answer goes
// back in its field "credential". With data-autofill the browser offers passkeys
// beside names. Whatever fails shows the form's [data-failed], and every page
// has another way.
(function () {
  "use strict";
  if (!window.PublicKeyCredential || !navigator.credentials) return;

  const bytes = (text) => {
    const s = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(s, (c) => c.charCodeAt(0));
  };
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const ids = (list) => (list || []).map((c) => ({ ...c, id: bytes(c.id) }));

  // parse makes the server's JSON into options, where the browser cannot.
  function parse(kind, o) {
    const C = PublicKeyCredential;
    if (kind === "get") {
      return C.parseRequestOptionsFromJSON ? C.parseRequestOptionsFromJSON(o)
        : { ...o, challenge: bytes(o.challenge), allowCredentials: ids(o.allowCredentials) };
    }
    return C.parseCreationOptionsFromJSON ? C.parseCreationOptionsFromJSON(o)
      : { ...o, challenge: bytes(o.challenge), user: { ...o.user, id: bytes(o.user.id) }, excludeCredentials: ids(o.excludeCredentials) };
  }

  // json makes a credential into what the server reads.
  function json(c) {
    try {
      if (c.toJSON) return JSON.stringify(c.toJSON());
    } catch (e) { /* credentials of some password managers cannot */ }
    const r = c.response, out = { clientDataJSON: text(r.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (r[name]) out[name] = text(r[name]);
    }
    if (r.getTransports) out.transports = r.getTransports();
    return JSON.stringify({
      id: c.id, rawId: text(c.rawId), type: c.type, response: out,
      authenticatorAttachment: c.authenticatorAttachment, clientExtensionResults: c.getClientExtensionResults(),
    });
  }

  let waiting; // the request for autofill, which another one must end first

  async function run(form, autofill) {
    const kind = form.dataset.passkey, failed = form.querySelector("[data-failed]");
    if (waiting) waiting.abort();
    const stop = new AbortController();
    if (autofill) waiting = stop;
    if (failed) failed.hidden = true;
    try {
      const publicKey = parse(kind, JSON.parse(form.dataset.options).publicKey);
      const request = { publicKey, signal: stop.signal };
      if (autofill) request.mediation = "conditional";
      const credential = await navigator.credentials[kind](request);
      form.elements.credential.value = json(credential);
      HTMLFormElement.prototype.submit.call(form);
    } catch (e) {
      if (!autofill && failed) failed.hidden = false;
    }
  }

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", (e) => {
      if (form.elements.credential.value || (e.submitter && e.submitter.name)) return;
      e.preventDefault();
      run(form, false);
    });
    if ("autofill" in form.dataset && PublicKeyCredential.isConditionalMediationAvailable) {
      PublicKeyCredential.isConditionalMediationAvailable().then((ok) => ok && run(form, true));
    }
  }
})();
