// Prints data/weak-passwords.txt: passwords that people choose and guessers try first, made by rule
// from words, numbers and keyboards (no list of anybody is copied). Lower case, at least 8 letters;
// the account room compares folded text, and judges what a list cannot hold by rules of its own.
const out = new Set();
const add = (...words) => words.forEach((w) => { if (w.length >= 8 && w.length <= 32) out.add(w.toLowerCase()); });
const each = (heads, tails, join = ['']) => heads.forEach((h) => tails.forEach((t) => join.forEach((j) => add(h + j + t))));

// Numbers that people append, or use alone.
const counts = ['1', '12', '123', '1234', '12345', '123456', '1234567', '12345678', '123456789', '1234567890', '0123456789'];
const lucky = ['520', '521', '1314', '5201314', '1314520', '5211314', '666', '888', '6666', '8888', '666666', '888888', '168', '1688', '518', '999', '007', '110'];
const recent = Array.from({ length: 28 }, (_, i) => String(2000 + i));
const years = [...Array.from({ length: 41 }, (_, i) => String(1960 + i)), ...recent];
const short = ['1', '12', '123', '1234', '12345', '123456', '321', '111', '000', '!', '!!', '123!', '1!', '@123', '#123', '01', '69', '99', '007'];

// English words that stand for nothing but "let me in", and what fans and parents type.
const words = ['password', 'passw0rd', 'p@ssword', 'p@ssw0rd', 'pa55word', 'letmein', 'welcome', 'secret', 'access', 'changeme',
    'default', 'master', 'administrator', 'admin', 'root', 'user', 'guest', 'test', 'testing', 'login', 'server', 'system', 'support',
    'manager', 'operator', 'service', 'security', 'monkey', 'dragon', 'football', 'baseball', 'basketball', 'superman', 'batman',
    'sunshine', 'princess', 'iloveyou', 'lovely', 'shadow', 'michael', 'jennifer', 'jessica', 'charlie', 'computer', 'internet',
    'freedom', 'whatever', 'trustno1', 'starwars', 'pokemon', 'liverpool', 'chelsea', 'arsenal', 'summer', 'winter', 'spring', 'autumn',
    'monday', 'friday', 'january', 'december', 'hello', 'hunter', 'killer', 'flower', 'family', 'forever', 'blessed', 'company', 'office'];
// What hangs on the wall and what it is bought as.
const products = ['camera', 'webcam', 'ipcam', 'ipcamera', 'netcam', 'cctv', 'dvr', 'nvr', 'onvif', 'monitor', 'video', 'vision', 'surveillance',
    'skep', 'bcloud', 'jufeng', 'xmeye', 'xiongmai', 'icsee', 'hikvision', 'dahua', 'reolink', 'foscam', 'ubiquiti', 'axis', 'tapo', 'wyze',
    'gateway', 'router', 'cloud', 'baby', 'babycam', 'garage', 'frontdoor', 'backyard', 'warehouse', 'entrance', 'parking', 'doorbell'];
// Pinyin: declarations, names of people and places, work.
const pinyin = ['woaini', 'woaiwo', 'aini', 'aiwo', 'woainima', 'woaita', 'wohenni', 'nihao', 'nihaoma', 'mima', 'wodemima', 'baobei', 'baobao',
    'laopo', 'laogong', 'qinaide', 'xihuanni', 'xiangni', 'yongyuan', 'kuaile', 'shengri', 'gongxi', 'facai', 'gongxifacai', 'zhongguo',
    'beijing', 'shanghai', 'guangzhou', 'shenzhen', 'hangzhou', 'chengdu', 'nanjing', 'wuhan', 'tianjin', 'chongqing', 'suzhou',
    'jiankong', 'shexiangtou', 'shipin', 'damen', 'menkou', 'cangku', 'gongsi', 'bangong', 'guanli', 'guanliyuan', 'yonghu', 'caiwu', 'laoban',
    'xiaoming', 'xiaohong', 'xiaoli', 'xiaolong', 'xiaobao', 'dabao', 'erbao', 'pengyou', 'tongxue', 'laoshi', 'tiantian', 'lele', 'doudou',
    'wangwei', 'wangfang', 'wangxiu', 'wanglei', 'wangjing', 'liwei', 'lina', 'lijing', 'zhangwei', 'zhangmin', 'zhangli', 'zhangjing',
    'liuyang', 'liuwei', 'chenjie', 'chenwei', 'yangyang', 'yangjing', 'zhaolei', 'huangwei', 'zhouwei', 'wuyan', 'xuwei', 'sunli', 'zhulin'];

// Words with tails.
each(words, ['', ...short, ...lucky.slice(0, 6), ...recent]);
each(words.slice(0, 26), [...counts, ...recent.slice(-12)], ['@', '_', '.', '-', '#']);
each(products, ['', ...short, ...counts, ...lucky.slice(0, 8), ...recent.slice(-12)]);
each(['admin', 'root', 'user', 'guest', 'owner', 'pass', 'password'], products, ['', '@', '_', '.', '-']);
each(products, ['admin', 'root', 'user', 'pass', 'password', 'camera'], ['', '@', '_', '.']);
each(pinyin, ['', ...counts.slice(2), ...lucky, ...recent.slice(-12), 'aaa', 'abc', 'qq', '.', '@123', '123abc']);
each(pinyin.slice(0, 30), years);
each(lucky, pinyin.slice(0, 40));
each(['a', 'aa', 'abc', 'qq', 'q', 'z', 'zz', 'w', 'wang', 'li', 'zhang', 'liu', 'chen'], [...counts.slice(4), '5201314', '1314520', '123123', '520520', '888888', '666666', '111111', '000000', '112233']);

for (const w of [...words, ...products, ...pinyin]) add(w + w, `${w}${w}1`, `${w}${w}123`);

// Keyboards: rows, columns and diagonals, forward, back, doubled, with a number.
const rows = ['qwertyuiop', 'asdfghjkl', 'zxcvbnm', '1234567890', 'azertyuiop', 'qwertzuiop'];
const columns = ['1qaz', '2wsx', '3edc', '4rfv', '5tgb', '6yhn', '7ujm', '8ik,', '9ol.', '0p;/'];
const mirror = (s) => [...s].reverse().join('');
for (const row of [...rows, ...rows.map(mirror)])
    for (let from = 0; from < row.length; from++)
        for (let len = 3; from + len <= row.length; len++) {
            const run = row.slice(from, from + len);
            add(run, len >= 4 ? run + run : '');
            if (from === 0) ['1', '12', '123', '1234', '12345', '123456', '!', '@123', '2024', '2025'].forEach((t) => add(run + t));
        }
for (let i = 0; i + 1 < columns.length; i++) {
    const run = columns.slice(i, i + 4);
    add(run[0] + run[1], run[0] + mirror(run[1]), run[1] + run[0], mirror(run[0]) + mirror(run[1]), run[0] + run[0]);
    add(run.slice(0, 3).join(''), run.join(''), `${run[0]}${run[1]}123`, `${run[0]}!qaz`, `${run[0]}@wsx`);
}
each(['qwer', 'asdf', 'zxcv', 'qwe', 'asd', 'zxc', '1q2w3e', '1q2w3e4r', 'q1w2e3', 'q1w2e3r4', 'a1s2d3', 'z1x2c3', '1a2b3c', 'a1b2c3', 'abcd', 'abcde'],
    ['', ...counts.slice(2, 9), 'qwer', 'asdf', 'zxcv', '5t', '5t6y', '4d', '4d5e', '123!', '888', '520']);
add('1q2w3e4r5t', '1q2w3e4r5t6y', 'q1w2e3r4t5', 'zaq12wsx', 'zaq1xsw2', '1qazxsw2', '!qaz2wsx', '1qaz@wsx', 'qazwsxedc', 'qazwsx123', 'abcdefgh', 'abcdefghi', 'abcd1234', 'abc12345', 'a1b2c3d4');

// Numbers alone: runs, repeats, pairs, round dates.
for (let d = 0; d <= 9; d++)
    for (let len = 8; len <= 12; len++) add(String(d).repeat(len));
for (let n = 0; n < 100; n++) [4, 5, 6].forEach((times) => add(String(n).padStart(2, '0').repeat(times)));
for (const n of ['123', '321', '520', '521', '147', '258', '369', '159', '753', '110', '168', '666', '888', '999'])
    [3, 4].forEach((times) => add(n.repeat(times)));
for (const n of ['1234', '4321', '1314', '2580', '1122', '5566', '7788', '1357', '2468', '6688', '8866'])
    [2, 3].forEach((times) => add(n.repeat(times)));
each(['147258', '159357', '112233', '123321', '741852', '789456', '456789', '147852', '987654', '010203'], ['369', '00', '11', '123', '445566', '456', '654', '321', '040506']);
each(lucky, lucky);
each(counts, lucky.slice(0, 8));
add('87654321', '987654321', '9876543210', '0987654321', '11223344', '1122334455', '12344321', '123454321', '147258369', '741852963', '12341234', '123123123');
for (const year of years) ['0101', '1231', '0214', '0520', '0601', '0808', '1001', '1111', '1212', '1225'].forEach((day) => add(year + day));

// One letter, many times; syllables, many times.
for (const c of 'abcdefghijklmnopqrstuvwxyz') { add(c.repeat(8), c.repeat(10)); add(c.repeat(4) + '1234', c.repeat(3) + '12345', c + '1234567', c + '12345678', c + '123456789'); }
each(['haha', 'hehe', 'lala', 'mama', 'baba', 'papa', 'gege', 'meimei', 'nana', 'wawa', 'lolo', 'test', 'pass', 'love', 'cam'], ['haha', 'mama', 'baba', 'papa', 'test', 'pass', 'love', 'cam1', '1234', '12345', '5201314']);

const list = [...out].sort();
console.log('# Weak passwords, one a line, lower case. Made by scripts/gen-weak-passwords.mjs: change that, not this.');
console.log(list.join('\n'));
