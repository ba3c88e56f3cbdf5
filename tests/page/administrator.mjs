// Somebody else at the router: its API, one command after the other (manual, "API": words with their length before them,
// a sentence ends with an empty word).

import { connect } from "node:net";
import { once } from "node:events";
import { check, ready } from "./browser.mjs";

/** Signs in at the demo's router. Words are short here: their length is one byte. */
export async function administrator() {
  const { api, username, password } = ready.router;
  const socket = connect(Number(api.split(":").pop()), api.slice(0, api.lastIndexOf(":")));
  await once(socket, "connect");
  const sentences = answers(socket);
  const ask = async (...words) => {
    const bytes = words.map((word) => {
      const text = Buffer.from(word);
      check(text.length < 0x80, `a long word: ${word}`);
      return Buffer.concat([Buffer.of(text.length), text]);
    });
    socket.write(Buffer.concat([...bytes, Buffer.of(0)]));
    const rows = [];
    for (;;) {
      const { value } = await sentences.next();
      check(value && value[0] !== "!trap" && value[0] !== "!fatal", `${words}: ${value}`);
      if (value[0] === "!done") return rows;
      rows.push(Object.fromEntries(value.slice(1).map((word) => word.slice(1).split(/=(.*)/s))));
    }
  };
  await ask("/login", `=name=${username}`, `=password=${password}`);
  return { ask, leave: () => socket.destroy() };
}

async function* answers(socket) {
  let bytes = Buffer.alloc(0);
  let words = [];
  for await (const chunk of socket) {
    bytes = Buffer.concat([bytes, chunk]);
    for (;;) {
      const wide = bytes[0] >= 0x80;
      if (bytes.length < (wide ? 2 : 1)) break;
      const length = wide ? bytes.readUInt16BE(0) & 0x3fff : bytes[0];
      const start = wide ? 2 : 1;
      if (bytes.length < start + length) break;
      if (length === 0) {
        yield words;
        words = [];
      } else {
        words.push(bytes.toString("utf8", start, start + length));
      }
      bytes = bytes.subarray(start + length);
    }
  }
}
