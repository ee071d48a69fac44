// An OpenID provider that somebody else wrote (npm's oidc-provider), on a free port of this machine.
// Prints its issuer once it is ready. Anybody may sign in, as anybody: the login becomes the subject.
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const [module, clientId, clientSecret] = process.argv.slice(2);
const { Provider } = await import(pathToFileURL(module).href);

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: clientId, client_secret: clientSecret, redirect_uris: ["http://localhost/"] }],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    // Put the claims into the ID token, as Google and Microsoft do.
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, name: id, email: `${id}@journey.example`, email_verified: true }),
    }),
  });
  // The journey's server has a port that is not known yet.
  provider.Client.prototype.redirectUriAllowed = (uri) =>
    /^http:\/\/localhost:\d+\/oauth\/callback\/foreign$/.test(uri);
  const answer = provider.callback();
  server.on("request", (request, response) => {
    // Its pages ask for fonts from elsewhere; nothing leaves this machine.
    response.setHeader("Content-Security-Policy", "default-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'");
    answer(request, response);
  });
  console.log(issuer);
});
