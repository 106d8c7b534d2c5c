/**
 * What every page loads. Pages work without it; it saves a reload here and a
 * reach for the mouse there. Pictures are loaded by the pages that have them.
 */
import htmx from 'htmx.org';

import './copy';
import './events';
import './filter';
import './form';
import './keyboard';
import './menus';
import './palette';
import './panel';
import './passkey';
import './selection';
import './theme';
import './toast';
import { mountAll } from './islands';

declare global {
  interface Window { htmx: typeof htmx }
}

document.documentElement.classList.add('scripted');
mountAll(document);
document.addEventListener('htmx:after:swap', () => mountAll(document));
