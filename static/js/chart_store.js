/* Keeps what was typed into a chart and is not with the practice yet, in this browser (IndexedDB), encrypted.

   One entry per user, session and page that was open: { user, session, page, address, visit, at, discardedAt, iv, sealed }.
   Only sealed holds what was typed. Its key comes with the chart's own page, from the practice, to its author alone
   (sessions/unsent.py), and is never stored: who signs in after on a shared tablet can neither see that there is an entry nor
   read one. Two windows of one chart keep an entry each; a page holds a lock by its name, so that an entry whose page is gone
   (reload, crash, battery) is told from one whose page is still open.                                                        */
window.chartStore = (() => {
  const DATABASE = "charts";
  const TABLE = "unsent";
  const DAY_MS = 24 * 3600 * 1000;
  const page = newName();
  const user = document.querySelector("[data-user]")?.dataset.user ?? "";

  function newName() {
    return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  // No crypto.subtle on plain http: then nothing is kept, and the chart says so.
  const isPossible = () => Boolean(window.indexedDB && window.crypto?.subtle && navigator.locks);

  /* ---- the database ---- */

  let opened = null;

  function database() {
    opened ??= new Promise((resolve, reject) => {
      const request = indexedDB.open(DATABASE, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(TABLE, { keyPath: ["user", "session", "page"] });
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
      request.onblocked = () => reject(new Error("blocked"));
    });
    return opened;
  }

  async function act(mode, doing) {
    const table = await database();
    return new Promise((resolve, reject) => {
      const transaction = table.transaction(TABLE, mode, { durability: "strict" }); // on the disk before it is said to be kept
      const request = doing(transaction.objectStore(TABLE));
      transaction.oncomplete = () => resolve(request?.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  }

  const keyOf = (entry) => [entry.user, entry.session, entry.page];
  const remove = (entry) => act("readwrite", (table) => table.delete(keyOf(entry)));

  /* Entries of who is signed in, oldest first; nobody else's are ever read. Discarded ones are given back on request only. */
  async function list({ session = null, discarded = false } = {}) {
    if (!user || !isPossible()) return [];
    const mine = IDBKeyRange.bound([user], [user, []]);
    const entries = await act("readonly", (table) => table.getAll(mine));
    return entries
      .filter((entry) => (session === null || entry.session === session) && Boolean(entry.discardedAt) === discarded)
      .sort((one, other) => one.at - other.at);
  }

  async function change(entry, fields) {
    await act("readwrite", (table) => table.put({ ...entry, ...fields }));
  }

  const discard = (entry) => change(entry, { discardedAt: Date.now() });
  const takeBack = (entry) => change(entry, { discardedAt: 0 });

  async function forgetDiscarded(olderThanMs = DAY_MS) {
    for (const entry of await list({ discarded: true })) {
      if (Date.now() - entry.discardedAt >= olderThanMs) await remove(entry);
    }
  }

  /* ---- which pages are still open ---- */

  const lockName = (name) => `chart page ${name}`;

  function holdPage() {
    if (isPossible()) navigator.locks.request(lockName(page), () => new Promise(() => {})); // until the page is gone
  }

  async function left(entries) {
    const { held, pending } = await navigator.locks.query();
    const open = new Set([...held, ...pending].map((lock) => lock.name));
    return entries.filter((entry) => entry.page === page || !open.has(lockName(entry.page)));
  }

  /* ---- sealing ---- */

  const bytes = (hex) => new Uint8Array(hex.match(/../g).map((two) => Number.parseInt(two, 16)));
  const label = (entry) => new TextEncoder().encode(`${entry.user}:${entry.session}`); // an entry opens in its own chart only

  async function keysFrom(hexes) {
    return Promise.all(
      hexes.split(" ").map((hex) => crypto.subtle.importKey("raw", bytes(hex), "AES-GCM", false, ["encrypt", "decrypt"])),
    );
  }

  async function keep({ keys, session, address, visit, text }) {
    const entry = { user, session, page, address, visit, at: Date.now(), discardedAt: 0 };
    const [key] = await keys;
    entry.iv = crypto.getRandomValues(new Uint8Array(12));
    const plain = new TextEncoder().encode(text);
    entry.sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv: entry.iv, additionalData: label(entry) }, key, plain);
    await act("readwrite", (table) => table.put(entry));
  }

  /* What was typed, or null if no key opens it: the practice's secret was changed since. */
  async function read(entry, keys) {
    for (const key of await keys) {
      try {
        const how = { name: "AES-GCM", iv: entry.iv, additionalData: label(entry) };
        return new TextDecoder().decode(await crypto.subtle.decrypt(how, key, entry.sealed));
      } catch {
        // The next one.
      }
    }
    return null;
  }

  /* Send what was typed as the form would have been sent: the practice answers with a page. */
  function post(address, text, token) {
    const form = document.createElement("form");
    form.method = "post";
    form.action = address;
    form.hidden = true;
    for (const [name, value] of [...new URLSearchParams(text), ["csrfmiddlewaretoken", token]]) {
      const field = document.createElement("input");
      field.type = "hidden";
      field.name = name;
      field.value = value;
      form.append(field);
    }
    document.body.append(form);
    form.submit();
  }

  const icon = (name) => document.getElementById(`icon-${name}`)?.content.cloneNode(true) ?? "";

  return { icon, post, user, page, isPossible, list, left, keep, read, remove, discard, takeBack, forgetDiscarded, keysFrom, holdPage };
})();
