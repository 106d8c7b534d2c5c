/**
 * Signs in with a passkey, and adds one. A form with data-passkey="get" or
 * "create" names in data-begin where the options come from; the answer goes with
 * the form in its field "credential".
 */
import { toast } from './toast';

const decode = (s: string): ArrayBuffer => {
  const text = atob(s.replace(/-/g, '+').replace(/_/g, '/'));
  return Uint8Array.from(text, (c) => c.charCodeAt(0)).buffer;
};

const encode = (b: ArrayBuffer | null): string | undefined => {
  if (!b) return undefined;
  const text = String.fromCharCode(...new Uint8Array(b));
  return btoa(text).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
};

type Described = { id: string; type: 'public-key' };
type Options = {
  publicKey: Record<string, unknown> & {
    challenge: string; user?: { id: string }; allowCredentials?: Described[]; excludeCredentials?: Described[];
  };
};

const ids = (list: Described[] | undefined): PublicKeyCredentialDescriptor[] | undefined =>
  list?.map((c) => ({ ...c, id: decode(c.id) }));

/** The options with bytes where JSON has text. */
const bytes = ({ publicKey: o }: Options): unknown => ({
  ...o,
  challenge: decode(o.challenge),
  ...(o.user ? { user: { ...o.user, id: decode(o.user.id) } } : {}),
  ...(o.allowCredentials ? { allowCredentials: ids(o.allowCredentials) } : {}),
  ...(o.excludeCredentials ? { excludeCredentials: ids(o.excludeCredentials) } : {}),
});

/** A credential as JSON, as WebAuthn's toJSON has it. */
const json = (c: PublicKeyCredential): string => {
  const common = { id: c.id, rawId: encode(c.rawId), type: c.type, authenticatorAttachment: c.authenticatorAttachment ?? undefined, clientExtensionResults: c.getClientExtensionResults() };
  if (c.response instanceof AuthenticatorAttestationResponse) {
    return JSON.stringify({ ...common, response: {
      clientDataJSON: encode(c.response.clientDataJSON), attestationObject: encode(c.response.attestationObject),
      transports: c.response.getTransports?.() ?? [],
    } });
  }
  const r = c.response as AuthenticatorAssertionResponse;
  return JSON.stringify({ ...common, response: {
    clientDataJSON: encode(r.clientDataJSON), authenticatorData: encode(r.authenticatorData),
    signature: encode(r.signature), userHandle: encode(r.userHandle),
  } });
};

const ask = async (form: HTMLFormElement): Promise<void> => {
  const begin = form.dataset['begin'] ?? '';
  const response = await fetch(begin, { method: 'POST', body: new URLSearchParams([...new FormData(form)] as [string, string][]), headers: { Accept: 'application/json' } });
  if (response.redirected) {
    location.assign(response.url);
    return;
  }
  if (!response.ok) throw new Error(String(response.status));
  const publicKey = bytes(await response.json() as Options);
  const credential = form.dataset['passkey'] === 'create'
    ? await navigator.credentials.create({ publicKey: publicKey as PublicKeyCredentialCreationOptions })
    : await navigator.credentials.get({ publicKey: publicKey as PublicKeyCredentialRequestOptions });
  const field = form.elements.namedItem('credential');
  if (!(credential instanceof PublicKeyCredential) || !(field instanceof HTMLInputElement)) throw new Error('no credential');
  field.value = json(credential);
  form.submit();
};

for (const form of document.querySelectorAll<HTMLFormElement>('form[data-passkey]')) {
  if (!('PublicKeyCredential' in window)) continue;
  form.hidden = false;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    ask(form).catch(() => toast(form.dataset['failed'] ?? '', true));
  });
}
