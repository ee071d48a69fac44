// A mail server for the journeys. Stores each message in a file of a folder. Refuses recipients that begin with
// `unknown.`, and clients whose greeting is not a host name.
// Usage: SMTP_SERVER=folder/of/the/package node smtp-server.mjs FOLDER; prints its port.
import { createRequire } from "node:module";
import { writeFileSync, renameSync } from "node:fs";
import { join } from "node:path";

const { SMTPServer } = createRequire(import.meta.url)(process.env.SMTP_SERVER);
const folder = process.argv[2];
let count = 0;

const server = new SMTPServer({
  disabledCommands: ["AUTH", "STARTTLS"],
  logger: false,
  onRcptTo(address, session, done) {
    const refused = Object.assign(new Error("No such user"), { responseCode: 550 });
    done(address.address.startsWith("unknown.") ? refused : null);
  },
  // Checked at MAIL FROM, as many servers do.
  onMailFrom(address, session, done) {
    const refused = Object.assign(new Error("Helo command rejected: need a host name"), { responseCode: 504 });
    done(session.hostNameAppearsAs.startsWith("[") ? refused : null);
  },
  onData(stream, session, done) {
    const parts = [];
    stream.on("data", (part) => parts.push(part));
    stream.on("end", () => {
      const file = join(folder, String(count++).padStart(4, "0"));
      // Renaming makes the file appear complete.
      writeFileSync(`${file}.part`, Buffer.concat(parts));
      renameSync(`${file}.part`, `${file}.eml`);
      done();
    });
  },
});
server.listen(0, "127.0.0.1", () => console.log(server.server.address().port));
process.stdin.on("end", () => process.exit()).resume();
