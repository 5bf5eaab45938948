import type { Preset } from './preset.js';
import { auth0 } from './presets/auth0.preset.js';
import { django } from './presets/django.preset.js';
import { firebase } from './presets/firebase.preset.js';
import { generic } from './presets/generic.preset.js';
import { keycloak } from './presets/keycloak.preset.js';
import { laravel } from './presets/laravel.preset.js';
import { supabase } from './presets/supabase.preset.js';
import { symfony } from './presets/symfony.preset.js';
import type { System } from './system.js';

/** How each of them is read. */
export const presets: Readonly<Record<System, Preset>> = {
  generic,
  laravel,
  symfony,
  django,
  keycloak,
  auth0,
  firebase,
  supabase,
};
