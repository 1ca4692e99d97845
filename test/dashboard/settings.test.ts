import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { DEFAULT_KEY_BINDINGS } from '../../src/dashboard/key-bindings.ts';
import { commandNames } from '../../src/dashboard/key-settings.ts';
import { preferencesOf, withPreferences } from '../../src/dashboard/preferences.ts';
import {
  nearestColour,
  RGB_COLOUR,
  THEME_BY_NAME,
  TRUE_COLOUR,
  textStyleOf,
} from '../../src/dashboard/presentation/theme.ts';
import { parseSettings } from '../../src/dashboard/settings.ts';
import { AppError } from '../../src/domain/app-error.ts';
import { ROOT } from '../root.ts';
import { empty } from './presentation/states.ts';

const problemsOf = async (text: string): Promise<string> => {
  const failure = await parseSettings(text, 'dashboard.json').then(
    () => expect.fail('The settings are accepted.'),
    (thrown: unknown) => AppError.from(thrown),
  );
  expect(failure.code).to.equal('CONFIG_INVALID');
  return failure.message;
};

describe('the settings of the dashboard', () => {
  it('change keys by command, and by place and command', async () => {
    const { keys } = await parseSettings(
      '{ // mine\n "keys": { "toggleHelp": ["f12", "Ctrl-g"], "forum.nextTopic": "n", "panes.zoom": [], "quit": "C-x" } }',
      'dashboard.json',
    );
    const of = (context: string, command: string) =>
      keys.find((each) => each.context === context && each.command === command)?.keys;
    expect(of('global', 'toggleHelp')).to.deep.equal(['f12', 'C-g']);
    expect(of('panes', 'toggleHelp')).to.deep.equal(['f12', 'C-g']);
    expect(of('forum', 'nextTopic')).to.deep.equal(['n']);
    expect(of('panes', 'zoom')).to.deep.equal([]);
    expect(of('global', 'quit')).to.deep.equal(['C-x']);
    expect(keys).to.have.length(DEFAULT_KEY_BINDINGS.length);
    expect(DEFAULT_KEY_BINDINGS[0]!.keys).to.deep.equal(['C-c', 'C-q']);
  });

  it('take a key away from what had it', async () => {
    const { keys } = await parseSettings('{"keys": {"redraw": "f6"}}', 'dashboard.json');
    expect(keys.find(({ command }) => command === 'nextTheme')?.keys).to.deep.equal([]);
  });

  it('name what is wrong with its line, all at once', async () => {
    const text = `{
  "keys": {
    "zom": "z",
    "redraw": "C-xyz",
    "quit": "x"
  },
  "colours": { "upp": 78, "down": "red", "light": { "up": 256 } },
  "mous": false,
  "theme": "darkk"
}`;
    expect((await problemsOf(text)).split('\n')).to.deep.equal([
      'dashboard.json, line 8: mous is not a setting; did you mean "mouse"?',
      'dashboard.json, line 9: theme is "darkk"; use one of dark, light, contrast, plain.',
      'dashboard.json, line 7: colours.upp is not a colour of the dashboard; did you mean "up"?',
      'dashboard.json, line 7: colours.down is "red"; use a palette number from 0 to 255, "#rrggbb" or "default".',
      'dashboard.json, line 7: colours.light.up is 256; use a palette number from 0 to 255, "#rrggbb" or "default".',
      'dashboard.json, line 3: keys.zom is not a command; did you mean "zoom"?',
      'dashboard.json, line 4: keys.redraw has the key "C-xyz"; use a character, a name such as f9 or pageup, or C-x (Ctrl), M-x (Alt), S-tab (Shift).',
      'dashboard.json, line 5: keys.quit is "x", which types a character; use a key such as C-x, M-x or f9, or limit it to the panes: "panes.quit".',
    ]);
    expect(await problemsOf('{"theme": }')).to.match(/^dashboard\.json, line 1, column 11 is not valid JSON/);
    expect(await problemsOf('[]')).to.include('the top level is not an object');
    expect(await problemsOf('{"keys": {"quit": []}}')).to.include('leaves no key to quit');
    expect(await problemsOf('{"keys": {"redraw": "f9", "refresh": "f9"}}')).to.include('uses f9, as "redraw" does');
  });

  it('change colours of all coloured themes, or of one', async () => {
    const { themes } = await parseSettings(
      '{"colours": {"light": {"up": "#123456"}, "up": 78, "bad": {"fg": "default", "bg": "#f00", "bold": false}}}',
      'dashboard.json',
    );
    expect(textStyleOf(themes.dark, 'up', TRUE_COLOUR)).to.deep.equal({ fg: 78 });
    expect(textStyleOf(themes.light, 'up', TRUE_COLOUR)).to.deep.equal({ fg: RGB_COLOUR + 0x123456 });
    expect(textStyleOf(themes.dark, 'bad', TRUE_COLOUR)).to.deep.equal({ bg: RGB_COLOUR + 0xff0000, bold: false });
    expect(textStyleOf(themes.dark, 'bad', 256)).to.deep.equal({ bg: 196, bold: false });
    expect(textStyleOf(themes.dark, 'bad', 8)).to.deep.equal({ bg: 1, bold: false });
    expect(textStyleOf(themes.plain, 'up', 256)).to.deep.equal({ bold: true });
    expect(nearestColour(RGB_COLOUR + 0xffffff, 256)).to.equal(231);
    expect(nearestColour(RGB_COLOUR + 0x808080, 256)).to.equal(244);
  });

  it('are the defaults where nothing is set', async () => {
    const { theme, mouse, ambiguousWidth, accessible, keys } = await parseSettings('{"series": {}}', 'dashboard.json');
    expect({ theme, mouse, ambiguousWidth, accessible }).to.deep.equal({
      theme: undefined,
      mouse: true,
      ambiguousWidth: 'auto',
      accessible: false,
    });
    expect(keys).to.deep.equal(DEFAULT_KEY_BINDINGS);
  });
});

describe('docs/operating.md', () => {
  it('lists the commands and tones that dashboard.json can change', async () => {
    const text = await readFile(join(ROOT, 'docs/operating.md'), 'utf8');
    const of = (title: string): string[] =>
      [...new RegExp(`\\n${title}: ([^.]*)\\.\\n`).exec(text)![1]!.matchAll(/`(\w+)`/g)].map(([, name]) => name!);
    expect(of('Commands').sort()).to.deep.equal(commandNames());
    expect(of('Tones')).to.deep.equal(Object.keys(THEME_BY_NAME.dark.rich));
  });
});

describe('what the dashboard remembers', () => {
  it('comes back, and nothing that does not fit', () => {
    const state = empty();
    const changed = { ...state, theme: 'light', selected: 'XAU', chart: { ...state.chart, range: '5y' } } as const;
    expect(preferencesOf(withPreferences(state, JSON.parse(JSON.stringify(preferencesOf(changed)))))).to.deep.equal(
      preferencesOf(changed),
    );
    for (const wrong of [null, 7, { theme: 'x', instrument: 'x'.repeat(99), range: 1, chart: {} }]) {
      expect(withPreferences(state, wrong)).to.deep.equal(state);
    }
  });
});
